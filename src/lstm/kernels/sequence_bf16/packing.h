// Copies between the layouts of sequence_bf16.h. Included after a Vector with its Words.
#pragma once

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels {
namespace {

using bf16::Bf16;

// 32 rows x 32 columns at a time: pairs of rows, whose transposed is two tiles.
void pack_left(const bf16::PackLeft& p) noexcept {
  const int k_tiles = (p.rows + bf16::kTileK - 1) / bf16::kTileK;
  for (int k = 0; k < k_tiles; ++k) {
    for (int column = 0; column < p.columns; column += 32) {
      Words tiles[2][16];
      for (int pair = 0; pair < 16; ++pair) {
        Words rows[2];
        for (int i = 0; i < 2; ++i) {
          const int row = k * bf16::kTileK + 2 * pair + i;
          const Bf16* from = row < p.rows ? p.from[row] : nullptr;
          rows[i] = from == nullptr ? Words::zero() : Words::load(from + column);
        }
        interleave(rows[0], rows[1], tiles[0][pair], tiles[1][pair]);
      }
      for (int i = 0; i < 2; ++i) {
        transpose_pairs(tiles[i]);
        Bf16* to = p.packed + (static_cast<std::size_t>(column / 16 + i) * k_tiles + k) * bf16::kTileElements;
        for (int r = 0; r < 16; ++r) tiles[i][r].store(to + r * 32);
      }
    }
  }
}

// Rows on the outside, for they come from memory; the sums of columns stay in the first-level cache.
void pack_right(const bf16::PackRight& p) noexcept {
  const int k_tiles = (p.rows + bf16::kTileK - 1) / bf16::kTileK;
  if (!p.accumulates) {
    for (int column = 0; column < p.panels * bf16::kPanelColumns; ++column) p.sums[column] = 0.0f;
  }
  for (int k = 0; k < k_tiles; ++k) {
    const Bf16* rows_of_tile = p.from + static_cast<std::size_t>(k) * bf16::kTileK * p.from_row;
    const int rows = p.rows - k * bf16::kTileK < 32 ? p.rows - k * bf16::kTileK : 32;
    for (int panel = 0; panel < p.panels; ++panel) {
      const Bf16* from = rows_of_tile + panel * bf16::kPanelColumns;
      Bf16* to = p.packed + (static_cast<std::size_t>(panel) * k_tiles + k) * bf16::kStepElements;
      float* sums = p.sums + panel * bf16::kPanelColumns;
      Vector total[2] = {Vector::load(sums), Vector::load(sums + 16)};
      for (int pair = 0; pair < 16; ++pair) {
        Words both[2];
        for (int i = 0; i < 2; ++i) {
          const int row = 2 * pair + i;
          const Bf16* start = from + static_cast<std::size_t>(row) * p.from_row;
          if (panel == 0) {
            for (int line = 0; line < p.panels; ++line) {
              __builtin_prefetch(start + bf16::kTileK * p.from_row + line * bf16::kPanelColumns);
            }
          }
          both[i] = row < rows ? Words::load(start) : Words::zero();
          add_to(both[i], total);
        }
        Words low, high;
        interleave(both[0], both[1], low, high);
        low.store(to + pair * 32);
        high.store(to + bf16::kTileElements + pair * 32);
      }
      total[0].store(sums);
      total[1].store(sums + 16);
    }
  }
}

// `count` floats (0..32), rounded, and zeros.
inline Words round_part(const float* from, int count) noexcept {
  const int low = count < 16 ? count : 16;
  return Words::round(Vector::load_part(from, low),
                      count > 16 ? Vector::load_part(from + 16, count - 16) : Vector::all(0.0f));
}

void pack_weights(const bf16::PackWeights& p) noexcept {
  for (int block = p.first; block < p.last; ++block) {
    for (int gate = 0; gate < 4; ++gate) {
      const std::size_t panel = static_cast<std::size_t>(block) * 2 + static_cast<std::size_t>(gate / 2);
      for (int column = 0; column < p.columns; column += bf16::kTileK) {
        Words tile[16];
        const int count = p.columns - column < 32 ? p.columns - column : 32;
        for (int u = 0; u < 16; ++u) {
          const int unit = block * bf16::kUnits + u;
          const std::size_t row = static_cast<std::size_t>(gate) * p.units + unit;
          tile[u] =
              unit < p.units ? round_part(p.matrix + row * p.matrix_row + column, count) : Words::zero();
        }
        transpose_pairs(tile);
        const std::size_t step = panel * p.k_tiles + p.first_k_tile + column / bf16::kTileK;
        Bf16* to = p.packed + step * bf16::kStepElements + gate % 2 * bf16::kTileElements;
        for (int pair = 0; pair < 16; ++pair) tile[pair].store(to + pair * 32);
      }
    }
  }
}

void pack_weights_back(const bf16::PackWeights& p) noexcept {
  for (int panel = p.first; panel < p.last; ++panel) {
    const int column = panel * bf16::kPanelColumns;
    const int count = p.columns - column < 32 ? p.columns - column : 32;
    for (int k = 0; k < p.k_tiles; ++k) {
      Bf16* to = p.packed + (static_cast<std::size_t>(panel) * p.k_tiles + k) * bf16::kStepElements;
      for (int pair = 0; pair < 16; ++pair) {
        Words rows[2];
        for (int i = 0; i < 2; ++i) {
          const int gate_column = k * bf16::kTileK + 2 * pair + i;
          const int gate = gate_column % bf16::kGateColumns / 16;
          const int unit = gate_column / bf16::kGateColumns * bf16::kUnits + gate_column % 16;
          const std::size_t row = static_cast<std::size_t>(gate) * p.units + unit;
          rows[i] =
              unit < p.units ? round_part(p.matrix + row * p.matrix_row + column, count) : Words::zero();
        }
        Words low, high;
        interleave(rows[0], rows[1], low, high);
        low.store(to + pair * 32);
        high.store(to + bf16::kTileElements + pair * 32);
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

void round_row(const float* from, int count, Bf16* to, int padded) noexcept {
  for (int i = 0; i < padded; i += 32) {
    const int rest = count - i;
    (rest <= 0 ? Words::zero() : round_part(from + i, rest < 32 ? rest : 32)).store(to + i);
  }
}

void widen_row(const Bf16* from, int count, float* to) noexcept {
  for (int i = 0; i < count; i += 16) widen(from + i).store(to + i);
}

}  // namespace
}  // namespace lstm::kernels
