// Copies between the layouts of sequence_bf16.h. Included after a Vector with its Words.
#pragma once

#include "kernels/sequence_bf16/parts.h"

namespace lstm::kernels {
namespace {

// The i-th 32 words of a row: one part of 32 numbers.
template <int kParts>
LSTM_INLINE inline const Bf16* words_of(const bf16::ConstRow& row, int i) noexcept {
  return row.start + static_cast<std::size_t>(i) * (row.step / kParts);
}

// 32 rows x 32 columns at a time: pairs of rows, whose transposed is two tiles. Rows come from memory, so
// those behind these are fetched meanwhile.
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
          const bf16::ConstRow from = row < p.rows ? p.from[row] : bf16::ConstRow{};
          const bf16::ConstRow behind =
              row + bf16::kTileK < p.rows ? p.from[row + bf16::kTileK] : bf16::ConstRow{};
          if (behind.start != nullptr) __builtin_prefetch(words_of<kParts>(behind, i));
          rows[r] = from.start == nullptr ? Words::zero() : Words::load(words_of<kParts>(from, i));
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

// True where 16 rows lie side by side, as those of a time step do.
inline bool lie_side_by_side(const bf16::ConstRow* rows) noexcept {
  for (int r = 1; r < 16; ++r) {
    if (rows[r].start != rows[0].start + r * bf16::kTileK || rows[r].step != rows[0].step) return false;
  }
  return true;
}

// 16 rows of all panels, and their sums. words(r, i): where the i-th 32 words of row r lie; nullptr: zeros.
// next(r, i): the same of the rows behind these.
template <int kParts, class WordsOf, class NextOf>
inline void pack_right_rows(const bf16::PackRight& p, int first, WordsOf words, NextOf next) noexcept {
  const int k_tiles = (p.rows + bf16::kTileK - 1) / bf16::kTileK;
  for (int i = 0; i < kParts * p.panels; ++i) {
    const int panel = i / kParts, word = kParts * p.first_panel + i;
    const std::size_t step =
        (static_cast<std::size_t>(panel) * k_tiles + first / bf16::kTileK) * kParts + i % kParts;
    Bf16* to = p.packed + step * bf16::kStepElements + first % bf16::kTileK / 2 * 32;
    float* sums = p.sums + panel * bf16::kPanelColumns;
    Vector total[2] = {Vector::load(sums), Vector::load(sums + 16)};
    unroll<8>([&](auto pair) LSTM_INLINE {
      Words both[2];
      unroll<2>([&](auto r) LSTM_INLINE {
        const Bf16* from = words(2 * pair + r, word);
        __builtin_prefetch(next(2 * pair + r, word));
        both[r] = from == nullptr ? Words::zero() : Words::load(from);
      });
      Words low, high;
      interleave(both[0], both[1], low, high);
      total[0] = add_pairs(total[0], low);
      total[1] = add_pairs(total[1], high);
      low.store(to + pair * 32);
      high.store(to + bf16::kTileElements + pair * 32);
    });
    total[0].store(sums);
    total[1].store(sums + 16);
  }
}

// Rows on the outside, for they come from memory; the sums of columns stay in the first-level cache.
template <int kParts>
void pack_right(const bf16::PackRight& p) noexcept {
  const int padded = (p.rows + bf16::kTileK - 1) / bf16::kTileK * bf16::kTileK;
  if (!p.accumulates) {
    for (int column = 0; column < p.panels * bf16::kPanelColumns; ++column) p.sums[column] = 0.0f;
  }
  for (int first = 0; first < padded; first += 16) {
    const bf16::ConstRow* rows = p.from + first;
    const int left = p.rows - first;
    // Where the next ones lie is a guess in the first case.
    if (left >= 16 && lie_side_by_side(rows)) {
      const bf16::ConstRow now = rows[0], then = rows[left > 16 ? 16 : 0];
      pack_right_rows<kParts>(
          p, first, [&](int r, int i) LSTM_INLINE { return words_of<kParts>(now, i) + r * bf16::kTileK; },
          [&](int r, int i) LSTM_INLINE { return words_of<kParts>(then, i) + r * bf16::kTileK; });
    } else {
      const auto at = [&](int r, int i)
                          LSTM_INLINE { return r < left ? words_of<kParts>(rows[r], i) : nullptr; };
      pack_right_rows<kParts>(p, first, at, [&](int r, int i) LSTM_INLINE { return at(r + 16, i); });
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
void round_row(const float* from, int count, Bf16* to, std::size_t step, int padded) noexcept {
  for (int i = 0; i < padded; i += 32) {
    const int rest = count - i;
    Words parts[kParts];
    if (rest > 0) {
      load_parts(from + i, rest < 32 ? rest : 32, parts);
    } else {
      load_parts(from, 0, parts);
    }
    for (int part = 0; part < kParts; ++part, to += step / kParts) parts[part].store(to);
  }
}

template <int kParts>
void widen_row(bf16::ConstRow from, int count, float* to) noexcept {
  for (int i = 0; i < count; i += 16) {
    const Bf16* start = words_of<kParts>(from, kParts * (i / bf16::kTileK)) + i % bf16::kTileK;
    Vector x = widen(start);
    if constexpr (kParts == 2) x = x + widen(start + from.step / kParts);
    x.store(to + i);
  }
}

}  // namespace
}  // namespace lstm::kernels
