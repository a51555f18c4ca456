// Copies between the layouts of sequence_bf16.h. Included after a Vector with its Words.
#pragma once

#include "kernels/sequence_bf16/parts.h"

namespace lstm::kernels {
namespace {

// 32 rows x 32 columns at a time: pairs of rows, whose transposed is two tiles.
template <int kParts>
void pack_left(const bf16::PackLeft& p) noexcept {
  const int k_tiles = (p.rows + bf16::kTileK - 1) / bf16::kTileK;
  const int tile_columns = p.columns / 32;
  for (int k = 0; k < k_tiles; ++k) {
    for (int i = 0; i < kParts * tile_columns; ++i) {
      Words tiles[2][16];
      for (int pair = 0; pair < 16; ++pair) {
        Words rows[2];
        for (int r = 0; r < 2; ++r) {
          const int row = k * bf16::kTileK + 2 * pair + r;
          const Bf16* from = row < p.rows ? p.from[row] : nullptr;
          rows[r] = from == nullptr ? Words::zero() : Words::load(from + i * 32);
        }
        interleave(rows[0], rows[1], tiles[0][pair], tiles[1][pair]);
      }
      for (int half = 0; half < 2; ++half) {
        transpose_pairs(tiles[half]);
        const std::size_t m = static_cast<std::size_t>(i / kParts * 2 + half);
        Bf16* to = p.packed + ((m * k_tiles + k) * kParts + i % kParts) * bf16::kTileElements;
        for (int r = 0; r < 16; ++r) tiles[half][r].store(to + r * 32);
      }
    }
  }
}

// Rows on the outside, for they come from memory; the sums of columns stay in the first-level cache.
template <int kParts>
void pack_right(const bf16::PackRight& p) noexcept {
  const int k_tiles = (p.rows + bf16::kTileK - 1) / bf16::kTileK;
  if (!p.accumulates) {
    for (int column = 0; column < p.panels * bf16::kPanelColumns; ++column) p.sums[column] = 0.0f;
  }
  for (int k = 0; k < k_tiles; ++k) {
    const Bf16* rows_of_tile = p.from + static_cast<std::size_t>(k) * bf16::kTileK * p.from_row;
    const int rows = p.rows - k * bf16::kTileK < 32 ? p.rows - k * bf16::kTileK : 32;
    for (int i = 0; i < kParts * p.panels; ++i) {
      const int panel = i / kParts;
      const Bf16* from = rows_of_tile + i * 32;
      const std::size_t step = (static_cast<std::size_t>(panel) * k_tiles + k) * kParts + i % kParts;
      Bf16* to = p.packed + step * bf16::kStepElements;
      float* sums = p.sums + panel * bf16::kPanelColumns;
      Vector total[2] = {Vector::load(sums), Vector::load(sums + 16)};
      for (int pair = 0; pair < 16; ++pair) {
        Words both[2];
        for (int r = 0; r < 2; ++r) {
          const int row = 2 * pair + r;
          const Bf16* start = from + static_cast<std::size_t>(row) * p.from_row;
          if (i == 0) {
            for (int line = 0; line < kParts * p.panels; ++line) {
              __builtin_prefetch(start + bf16::kTileK * p.from_row + line * 32);
            }
          }
          both[r] = row < rows ? Words::load(start) : Words::zero();
        }
        Words low, high;
        interleave(both[0], both[1], low, high);
        total[0] = add_pairs(total[0], low);
        total[1] = add_pairs(total[1], high);
        low.store(to + pair * 32);
        high.store(to + bf16::kTileElements + pair * 32);
      }
      total[0].store(sums);
      total[1].store(sums + 16);
    }
  }
}

// `count` floats (0..32) and zeros, as parts. Infinity has no second part; beside two parts it counts as the
// largest number of bf16, which saturates gates as well.
template <int kParts>
inline void load_parts(const float* from, int count, Words (&parts)[kParts]) noexcept {
  Vector low = Vector::load_part(from, count < 16 ? count : 16);
  Vector high = count > 16 ? Vector::load_part(from + 16, count - 16) : Vector::all(0.0f);
  if constexpr (kParts == 2) {
    const Vector most = Vector::all(0x1.fep127f), least = Vector::all(-0x1.fep127f);
    low = at_most(most, at_least(least, low));
    high = at_most(most, at_least(least, high));
  }
  split(low, high, parts);
}

// Some columns of the row of a gate and unit; zeros for units of the padding.
template <int kParts>
inline void load_unit(const bf16::PackWeights& p, int gate, int unit, int column, int count,
                      Words (&parts)[kParts]) noexcept {
  if (unit >= p.units) {
    load_parts(p.matrix, 0, parts);
    return;
  }
  const std::size_t row = static_cast<std::size_t>(gate) * p.units + unit;
  load_parts(p.matrix + row * p.matrix_row + column, count, parts);
}

template <int kParts>
void pack_weights(const bf16::PackWeights& p) noexcept {
  for (int block = p.first; block < p.last; ++block) {
    for (int gate = 0; gate < 4; ++gate) {
      const std::size_t panel = static_cast<std::size_t>(block) * 2 + static_cast<std::size_t>(gate / 2);
      for (int column = 0; column < p.columns; column += bf16::kTileK) {
        Words tiles[kParts][16];
        const int count = p.columns - column < 32 ? p.columns - column : 32;
        for (int u = 0; u < 16; ++u) {
          const int unit = block * bf16::kUnits + u;
          Words parts[kParts];
          load_unit(p, gate, unit, column, count, parts);
          for (int part = 0; part < kParts; ++part) tiles[part][u] = parts[part];
        }
        const std::size_t step = panel * p.k_tiles + p.first_k_tile + column / bf16::kTileK;
        for (int part = 0; part < kParts; ++part) {
          transpose_pairs(tiles[part]);
          Bf16* to = p.packed + (step * kParts + part) * bf16::kStepElements + gate % 2 * bf16::kTileElements;
          for (int pair = 0; pair < 16; ++pair) tiles[part][pair].store(to + pair * 32);
        }
      }
    }
  }
}

template <int kParts>
void pack_weights_back(const bf16::PackWeights& p) noexcept {
  for (int panel = p.first; panel < p.last; ++panel) {
    const int column = panel * bf16::kPanelColumns;
    const int count = p.columns - column < 32 ? p.columns - column : 32;
    for (int k = 0; k < p.k_tiles; ++k) {
      const std::size_t step = static_cast<std::size_t>(panel) * p.k_tiles + k;
      for (int pair = 0; pair < 16; ++pair) {
        Words rows[2][kParts];
        for (int i = 0; i < 2; ++i) {
          const int gate_column = k * bf16::kTileK + 2 * pair + i;
          const int gate = gate_column % bf16::kGateColumns / 16;
          const int unit = gate_column / bf16::kGateColumns * bf16::kUnits + gate_column % 16;
          load_unit(p, gate, unit, column, count, rows[i]);
        }
        for (int part = 0; part < kParts; ++part) {
          Bf16* to = p.packed + (step * kParts + part) * bf16::kStepElements;
          Words low, high;
          interleave(rows[0][part], rows[1][part], low, high);
          low.store(to + pair * 32);
          high.store(to + bf16::kTileElements + pair * 32);
        }
      }
    }
  }
}

void unpack_gradient(const bf16::UnpackGradient& p) noexcept {
  for (int block = p.first_block; block < p.last_block; ++block) {
    for (int gate = 0; gate < 4; ++gate) {
      for (int column = 0; column < p.columns; column += 16) {
        const int count = p.columns - column < 16 ? p.columns - column : 16;
        Vector tile[16];
        const float* from = p.sums + static_cast<std::size_t>(block) * p.sums_block +
                            static_cast<std::size_t>(column) * bf16::kGateColumns + gate * 16;
        for (int c = 0; c < 16; ++c) {
          tile[c] = c < count ? Vector::load(from + c * bf16::kGateColumns) : Vector::all(0.0f);
        }
        transpose(tile);
        for (int u = 0; u < 16 && block * bf16::kUnits + u < p.units; ++u) {
          const std::size_t row = static_cast<std::size_t>(gate) * p.units + block * bf16::kUnits + u;
          tile[u].store_part(p.matrix + row * p.matrix_row + column, count);
        }
      }
    }
  }
}

template <int kParts>
void round_row(const float* from, int count, Bf16* to, int padded) noexcept {
  for (int i = 0; i < padded; i += 32) {
    const int rest = count - i;
    Words parts[kParts];
    if (rest > 0) {
      load_parts(from + i, rest < 32 ? rest : 32, parts);
    } else {
      load_parts(from, 0, parts);
    }
    for (int part = 0; part < kParts; ++part) parts[part].store(to + kParts * i + part * bf16::kTileK);
  }
}

template <int kParts>
void widen_row(const Bf16* from, int count, float* to) noexcept {
  for (int i = 0; i < count; i += 16) {
    const Bf16* start = from + kParts * (i / bf16::kTileK) * bf16::kTileK + i % bf16::kTileK;
    Vector x = widen(start);
    if constexpr (kParts == 2) x = x + widen(start + bf16::kTileK);
    x.store(to + i);
  }
}

}  // namespace
}  // namespace lstm::kernels
