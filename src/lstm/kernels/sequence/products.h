// The large products of an LSTM layer, batched over time: X * W before the recurrence, and after it the
// gradients of weights and of inputs. Included after tile.h.
#pragma once

#include "kernels/sequence/panel.h"
#include "kernels/sequence/sequence.h"

namespace lstm::kernels {
namespace {

void project(const Projection& p) noexcept {
  PartialSums partial;
  for (int block = p.first_block; block < p.first_block + p.unit_blocks; ++block) {
    const float* bias = p.bias + static_cast<std::size_t>(block) * kGateColumns;
    const std::size_t panel = static_cast<std::size_t>(block) * p.gates_panel;
    panel_product<4, 4>(
        p.rows, p.inputs, 1,
        p.weights + static_cast<std::size_t>(block) * static_cast<std::size_t>(p.inputs * kGateColumns),
        partial,
        [&]<int kRows>(Tile<kRows, 4>& tile, int first, int first_k, int k, const float* weights, Ahead ahead)
            LSTM_INLINE {
              Rows<kRows> x;
              unroll<kRows>([&](auto r) LSTM_INLINE { x.start[r] = p.x[first + r] + first_k; });
              accumulate_ahead<4>(tile, x, 1, weights, k, ahead);
            },
        [&]<int kRows>(Tile<kRows, 4>& tile, int first) LSTM_INLINE {
          unroll<kRows>([&](auto r) LSTM_INLINE {
            float* gates = p.gates[first + r] + panel;
            unroll<4>([&](auto v) LSTM_INLINE {
              (tile.sum[r][v] + Vector::load(bias + v * kBlock)).store(gates + v * kBlock);
            });
          });
        });
  }
}

// K in pieces whose part of dgates (K, 4B) stays in the first-level cache while all of M passes by.
constexpr int kGradientRows = 128;

template <int kRows>
inline void weight_gradient_tile(const WeightGradient& w, int first_k, int k, int m, bool accumulates,
                                 Ahead ahead) noexcept {
  float* gradient = w.gradient + static_cast<std::size_t>(m) * kGateColumns;
  const float* packed =
      w.packed + static_cast<std::size_t>(m) * w.rows + static_cast<std::size_t>(first_k) * kTileRows;
  Tile<kRows, 4> tile;
  tile.clear();
  // Its old value is added last, and fetched meanwhile.
  for (int line = 0; line < kRows * kGateColumns; line += 16) prefetch_to_write(gradient + line);
  accumulate_ahead<4>(tile, Rows<kRows>::strided(packed, 1), kTileRows,
                      w.dgates + static_cast<std::size_t>(first_k) * kGateColumns, k, ahead);
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
      const Ahead ahead{next + static_cast<std::size_t>(first_line) * 16,
                        lines * (tile + 1) / tiles - first_line};
      if (w.m - m >= kTileRows) {
        weight_gradient_tile<kTileRows>(w, first_k, k, m, accumulates, ahead);
      } else {
        for_row_tiles(w.m - m, [&]<int kRows>(int) {
          weight_gradient_tile<kRows>(w, first_k, k, m, accumulates, ahead);
        });
      }
    }
  }
}

void input_gradient(const InputGradient& g) noexcept {
  PartialSums partial;
  for_width(g.columns / kBlock, [&]<int kVectors>() LSTM_INLINE {
    panel_product<kVectors, kVectors>(
        g.rows, g.all_unit_blocks * kGateColumns, kGateColumns, g.weights, partial,
        [&]<int kRows>(Tile<kRows, kVectors>& tile, int first, int first_k, int k, const float* weights,
                       Ahead ahead) LSTM_INLINE {
          accumulate_gates_ahead<kVectors>(
              tile,
              g.dgates + static_cast<std::size_t>(first_k / kGateColumns) * g.dgates_panel +
                  static_cast<std::size_t>(first) * g.dgates_row,
              g.dgates_panel, g.dgates_row, weights, k, ahead);
        },
        [&]<int kRows>(Tile<kRows, kVectors>& tile, int first) LSTM_INLINE {
          float* dx = g.dx + static_cast<std::size_t>(first) * g.dx_row;
          if (g.accumulates) {
            tile.for_each([&](int r, int v, Vector& element) LSTM_INLINE {
              element = element + Vector::load(dx + r * g.dx_row + v * kBlock);
            });
          }
          tile.store(dx, g.dx_row);
        });
  });
}

}  // namespace
}  // namespace lstm::kernels
