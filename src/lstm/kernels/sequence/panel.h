// Products of some rows with one panel of B (K, up to four vectors), or with some of its vectors. Included
// after tile.h.
//
// Idea: K in pieces whose part of B (Vector::kPieceBytes) fits into the first-level cache beside A, and all
// row tiles with each piece; so B comes from the second-level cache once for all rows and not once for each
// tile. Meanwhile the next piece is fetched into the second-level cache, because weights of more than one
// layer or direction live in the third.
#pragma once

#include "kernels/sequence/tile.h"

namespace lstm::kernels {
namespace {

// Cache lines that a product fetches into the second-level cache while it runs: its share of what the product
// after it reads. Spread over the product, for all of them at its start would take the line-fill buffers that
// B needs.
struct Ahead {
  const float* next;
  int lines;
};

// As accumulate(), fetching ahead meanwhile: at least the lines asked for, or as many as K has elements.
template <int kStride, int kRows, int kVectors>
LSTM_INLINE inline void accumulate_ahead(Tile<kRows, kVectors>& tile, const Rows<kRows>& a,
                                         std::size_t a_step, const float* b, int k, Ahead ahead) noexcept {
  if (2 * ahead.lines <= k) {
    accumulate<Fetch::every_second, kStride>(tile, a, a_step, b, k, ahead.next);
  } else {
    accumulate<Fetch::every, kStride>(tile, a, a_step, b, k, ahead.next);
  }
}

// As accumulate() for rows of gates: (unit blocks, rows, kGateColumns), `panel` and `row` floats apart.
template <Fetch kFetch, int kStride, int kRows, int kVectors>
LSTM_INLINE inline void accumulate_gates(Tile<kRows, kVectors>& tile, const float* gates, std::size_t panel,
                                         std::size_t row, const float* b, int k,
                                         const float* ahead) noexcept {
  for (int i = 0; i < k; i += kGateColumns) {
    // These rows in the next unit block: no hardware prefetcher foresees the jump.
    for (int r = 0; r < kRows; ++r) {
      for (int line = 0; line < kGateColumns; line += 16) prefetch(gates + panel + r * row + line);
    }
    accumulate<kFetch, kStride>(tile, Rows<kRows>::strided(gates, row), 1, b, kGateColumns, ahead);
    ahead += kGateColumns / static_cast<int>(kFetch) * 16;
    gates += panel;
    b += kGateColumns * kStride * kBlock;
  }
}

template <int kStride, int kRows, int kVectors>
LSTM_INLINE inline void accumulate_gates_ahead(Tile<kRows, kVectors>& tile, const float* gates,
                                               std::size_t panel, std::size_t row, const float* b, int k,
                                               Ahead ahead) noexcept {
  if (2 * ahead.lines <= k) {
    accumulate_gates<Fetch::every_second, kStride>(tile, gates, panel, row, b, k, ahead.next);
  } else {
    accumulate_gates<Fetch::every, kStride>(tile, gates, panel, row, b, k, ahead.next);
  }
}

constexpr int kGroupTiles = 22;                   // row tiles that share a piece
constexpr int kPieceBytes = Vector::kPieceBytes;  // of B

// Where the sums of a group's tiles wait from one piece to the next.
struct alignas(64) PartialSums {
  float values[kGroupTiles * kTileRows * kGateColumns];
};

// count * i / parts, where the i-th of `parts` nearly equal parts of 0..count begins; but an int holds all of
// it, as that product need not be: of the rows of a large batch, or of a large K.
LSTM_INLINE inline int part_begin(int count, int i, int parts) noexcept {
  return count / parts * i + count % parts * i / parts;
}

// For all row tiles: multiply(tile, first row, first k, k, b of this piece, ahead) for each piece of K (a
// multiple of `multiple`), then finish(tile, first row). kStride: vectors of a row of the panel.
template <int kVectors, int kStride, class Multiply, class Finish>
inline void panel_product(int rows, int all_k, int multiple, const float* b, PartialSums& partial,
                          Multiply multiply, Finish finish) noexcept {
  constexpr int kColumns = kVectors * kBlock, kBColumns = kStride * kBlock;
  constexpr int kMostK = kPieceBytes / (kBColumns * static_cast<int>(sizeof(float)));
  const int units = all_k / multiple;
  const int pieces = (all_k + kMostK - 1) / kMostK;
  const int groups = (rows + kGroupTiles * kTileRows - 1) / (kGroupTiles * kTileRows);
  for (int group = 0; group < groups; ++group) {
    const int first_row = part_begin(rows, group, groups);
    const int group_rows = part_begin(rows, group + 1, groups) - first_row;
    for (int i = 0; i < pieces; ++i) {
      const int first_k = part_begin(units, i, pieces) * multiple;
      const int k = part_begin(units, i + 1, pieces) * multiple - first_k;
      const float* piece = b + static_cast<std::size_t>(first_k) * kBColumns;
      const float* next =
          piece + static_cast<std::size_t>(k) * kBColumns;  // behind the last piece: the next panel
      const int lines = k * kBColumns / 16;
      for_row_tiles<most_rows(kVectors)>(group_rows, [&]<int kRows>(int row) LSTM_INLINE {
        float* sums = partial.values + row * kColumns;
        const int first_line = lines * row / group_rows;
        const Ahead ahead{next + static_cast<std::size_t>(first_line) * 16,
                          lines * (row + kRows) / group_rows - first_line};
        Tile<kRows, kVectors> tile;
        if (i == 0) {
          tile.clear();
        } else {
          tile.load(sums, kColumns);
        }
        multiply(tile, first_row + row, first_k, k, piece, ahead);
        if (i + 1 == pieces) {
          finish(tile, first_row + row);
        } else {
          tile.store(sums, kColumns);
        }
      });
    }
  }
}

}  // namespace
}  // namespace lstm::kernels
