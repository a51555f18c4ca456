// The large products of an LSTM layer, batched over time: X * W before the recurrence, and after it the
// gradients of weights and of inputs. Included after tile.h.
#pragma once

#include "kernels/sequence/sequence.h"

namespace lstm::kernels {
namespace {

void project(const Projection& p) noexcept {
  for (int block = 0; block < p.unit_blocks; ++block) {
    const float* weights = p.weights + static_cast<std::size_t>(block) * p.inputs * kGateColumns;
    const float* bias = p.bias + static_cast<std::size_t>(block) * kGateColumns;
    const std::size_t panel = static_cast<std::size_t>(block) * p.gates_panel;
    for_row_tiles(p.rows, [&]<int kRows>(int first) {
      Tile<kRows, 4> tile;
      tile.for_each([&](int, int v, Vector& element)
                        LSTM_INLINE { element = Vector::load(bias + v * kBlock); });
      Rows<kRows> x;
      unroll<kRows>([&](auto r) LSTM_INLINE { x.start[r] = p.x[first + r]; });
      accumulate_with<4>(tile, x, 1, weights, p.inputs, [&](int piece) LSTM_INLINE {
        if (piece < 4 * kRows) prefetch_to_write(p.gates[first + piece / 4] + panel + (piece % 4) * kBlock);
      });
      unroll<kRows>([&](auto r) LSTM_INLINE {
        float* gates = p.gates[first + r] + panel;
        unroll<4>([&](auto v) LSTM_INLINE { tile.sum[r][v].store(gates + v * kBlock); });
      });
    });
  }
}

// K in pieces whose part of dgates (K, 4B) stays in the first-level cache while all of M passes by.
constexpr int kGradientRows = 128;

// `ahead`: what the tile prefetches for the piece after this one, `lines_ahead` cache lines.
template <int kRows>
inline void weight_gradient_tile(const WeightGradient& w, int first_k, int k, int m, bool accumulates,
                                 const float* ahead, int lines_ahead) noexcept {
  float* gradient = w.gradient + static_cast<std::size_t>(m) * kGateColumns;
  const float* packed =
      w.packed + static_cast<std::size_t>(m) * w.rows + static_cast<std::size_t>(first_k) * kTileRows;
  Tile<kRows, 4> tile;
  tile.clear();
  accumulate_with<4>(tile, Rows<kRows>::strided(packed, 1), kTileRows,
                     w.dgates + static_cast<std::size_t>(first_k) * kGateColumns, k,
                     [&](int piece) LSTM_INLINE {
                       if (piece < kRows * kGateColumns / 16) prefetch_to_write(gradient + piece * 16);
                       if (piece < lines_ahead) prefetch(ahead + piece * 16);
                     });
  if (accumulates) {
    tile.for_each([&](int r, int v, Vector& element) LSTM_INLINE {
      element = element + Vector::load(gradient + r * kGateColumns + v * kBlock);
    });
  }
  tile.store(gradient, kGateColumns);
}

void weight_gradient(const WeightGradient& w) noexcept {
  const int tiles = (w.m + kTileRows - 1) / kTileRows;
  for (int first_k = 0; first_k < w.rows; first_k += kGradientRows) {
    const int k = w.rows - first_k < kGradientRows ? w.rows - first_k : kGradientRows;
    const bool accumulates = w.accumulates || first_k > 0;
    // The rows of dgates behind these, or the next unit block's, which lie there, too.
    const float* next = w.dgates + static_cast<std::size_t>(first_k + k) * kGateColumns;
    const int lines = k * kGateColumns / 16;
    for (int tile = 0; tile < tiles; ++tile) {
      const int m = tile * kTileRows;
      const int first_line = lines * tile / tiles;
      const int lines_ahead = lines * (tile + 1) / tiles - first_line;
      const float* ahead = next + static_cast<std::size_t>(first_line) * 16;
      if (w.m - m >= kTileRows) {
        weight_gradient_tile<kTileRows>(w, first_k, k, m, accumulates, ahead, lines_ahead);
      } else {
        for_row_tiles(w.m - m, [&]<int kRows>(int) {
          weight_gradient_tile<kRows>(w, first_k, k, m, accumulates, ahead, lines_ahead);
        });
      }
    }
  }
}

void input_gradient(const InputGradient& g) noexcept {
  for_width(g.columns / kBlock, [&]<int kVectors>() {
    for_row_tiles(g.rows, [&]<int kRows>(int first) {
      float* dx = g.dx + static_cast<std::size_t>(first) * g.dx_row;
      Tile<kRows, kVectors> tile;
      tile.clear();
      accumulate_gates(tile, g.dgates + static_cast<std::size_t>(first) * g.dgates_row, g.dgates_panel,
                       g.dgates_row, g.all_unit_blocks, g.weights, [](int) {});
      if (g.accumulates) {
        tile.for_each([&](int r, int v, Vector& element)
                          LSTM_INLINE { element = element + Vector::load(dx + r * g.dx_row + v * kBlock); });
      }
      tile.store(dx, g.dx_row);
    });
  });
}

}  // namespace
}  // namespace lstm::kernels
