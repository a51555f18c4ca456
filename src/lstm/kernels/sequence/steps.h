// The serial part of an LSTM layer: one time step forward and backward. Included after tile.h and
// activations.h.
//
// Idea: a tile holds i, f, g, o of the same units for a few samples, so activations and cell are computed
// right after its product (forward), and the gradient of h is turned into gradients of the gates in the same
// place (backward), a few rows side by side. What that reads from memory is prefetched during the product
// before it.
#pragma once

#include <algorithm>

#include "kernels/sequence/panel.h"
#include "kernels/sequence/sequence.h"

namespace lstm::kernels {
namespace {

// Zeros behind the first `units` of a block of units: x that is not finite makes them something else.
inline void clear_padding(float* block, int units) noexcept {
  Vector::load_part(block, units).store(block);
}

// From h_previous * R (in the tile) to gates, c and h of its rows. The tile is taken from memory, where it
// has been put by then: this code needs all registers for itself, and the loop over K must not lose any to
// it.
template <int kRows>
__attribute__((noinline)) void finish_forward(const ForwardStep& step, int block, int first,
                                              const Tile<kRows, 4>& tile) noexcept {
  const std::size_t column = static_cast<std::size_t>(block) * kBlock;
  float* gates = step.gates + static_cast<std::size_t>(block) * step.gates_panel +
                 static_cast<std::size_t>(first) * step.gates_row;
  float* c = step.c + static_cast<std::size_t>(first) * step.c_row + column;
  float* h = step.h + static_cast<std::size_t>(first) * step.h_row + column;
  unroll_groups<kRows, Vector::kSideBySide>([&](auto top, auto count) LSTM_INLINE {
    constexpr int kTop = decltype(top){}, kCount = decltype(count){};
    const auto load = [&](Vector(&gate)[kCount], auto v) LSTM_INLINE {
      unroll<kCount>([&](auto r) LSTM_INLINE {
        gate[r] = tile.sum[kTop + r][v] + Vector::load(gates + (kTop + r) * step.gates_row + v * kBlock);
      });
    };
    const auto store = [&](const Vector(&gate)[kCount], auto v) LSTM_INLINE {
      unroll<kCount>([&](auto r)
                         LSTM_INLINE { gate[r].store(gates + (kTop + r) * step.gates_row + v * kBlock); });
    };
    Vector cell[kCount], gate[kCount];
    load(cell, Constant<0>{});
    sigmoid(cell);
    store(cell, Constant<0>{});
    load(gate, Constant<2>{});
    hyperbolic_tangent(gate);
    store(gate, Constant<2>{});
    unroll<kCount>([&](auto r) LSTM_INLINE { cell[r] = cell[r] * gate[r]; });
    load(gate, Constant<1>{});
    sigmoid(gate);
    store(gate, Constant<1>{});
    if (step.c_previous != nullptr) {
      unroll<kCount>([&](auto r) LSTM_INLINE {
        const float* before = step.c_previous + (first + kTop + r) * step.c_row + column;
        cell[r] = multiply_add(gate[r], Vector::load(before), cell[r]);
      });
    }
    unroll<kCount>([&](auto r) LSTM_INLINE { cell[r].store(c + (kTop + r) * step.c_row); });
    load(gate, Constant<3>{});
    sigmoid(gate);
    store(gate, Constant<3>{});
    hyperbolic_tangent(cell);
    unroll<kCount>([&](auto r) LSTM_INLINE { (gate[r] * cell[r]).store(h + (kTop + r) * step.h_row); });
  });
  const int units = step.own_units - block * kBlock;
  if (units >= kBlock) return;
  for (int r = 0; r < kRows; ++r) {
    clear_padding(c + r * step.c_row, units);
    clear_padding(h + r * step.h_row, units);
  }
}

// What finish_forward will read and write of a tile's rows: the first half with the first piece of K, the
// rest with the second, into the second-level cache.
template <int kRows>
inline void prefetch_forward(const ForwardStep& step, int block, int first, int first_k) noexcept {
  const int half = first_k == 0 ? 0 : first_k <= step.units / 2 ? 1 : 2;
  if (half == 2) return;
  const std::size_t column = static_cast<std::size_t>(block) * kBlock;
  for (int r = kRows * half / 2; r < kRows * (half + 1) / 2; ++r) {
    const auto row = static_cast<std::size_t>(first + r);
    const float* gates =
        step.gates + static_cast<std::size_t>(block) * step.gates_panel + row * step.gates_row;
    for (int line = 0; line < kGateColumns; line += 16) prefetch_to_l2(gates + line);
    prefetch_to_l2(step.c + row * step.c_row + column);
    prefetch_to_l2(step.h + row * step.h_row + column);
  }
}

void forward_step(const ForwardStep& step) noexcept {
  PartialSums partial;
  for (int block = 0; block < step.unit_blocks; ++block) {
    if (step.h_previous == nullptr) {
      for_row_tiles(step.rows, [&]<int kRows>(int first) LSTM_INLINE {
        Tile<kRows, 4> tile;
        tile.clear();
        finish_forward(step, block, first, tile);
      });
      continue;
    }
    panel_product<4, 4>(
        step.rows, step.units, 1,
        step.weights + static_cast<std::size_t>(block) * static_cast<std::size_t>(step.units * kGateColumns),
        partial,
        [&]<int kRows>(Tile<kRows, 4>& tile, int first, int first_k, int k, const float* weights,
                       Ahead ahead) LSTM_INLINE {
          prefetch_forward<kRows>(step, block, first, first_k);
          const float* h = step.h_previous + static_cast<std::size_t>(first) * step.h_previous_row + first_k;
          accumulate_ahead<4>(tile, Rows<kRows>::strided(h, step.h_previous_row), 1, weights, k, ahead);
        },
        [&]<int kRows>(Tile<kRows, 4>& tile, int first)
            LSTM_INLINE { finish_forward(step, block, first, tile); });
  }
}

// From dh (in the tile) to gradients of the gates of one row and one unit block.
LSTM_INLINE inline void gate_gradients(Vector dh, Vector tanh_c, float* gates, const float* c_previous,
                                       float* dc) noexcept {
  const Vector one = Vector::all(1.0f);
  const Vector i = Vector::load(gates);
  const Vector f = Vector::load(gates + kBlock);
  const Vector g = Vector::load(gates + 2 * kBlock);
  const Vector o = Vector::load(gates + 3 * kBlock);
  const Vector dh_o = dh * o;
  // dc += dh * o * (1 - tanh(c)^2)
  const Vector dcell = multiply_add(dh_o, negative_multiply_add(tanh_c, tanh_c, one), Vector::load(dc));
  const Vector dcell_i = dcell * i;
  const Vector dcell_f = dcell * f;
  (dcell_i * (one - i) * g).store(gates);
  if (c_previous != nullptr) {
    (dcell_f * (one - f) * Vector::load(c_previous)).store(gates + kBlock);
  } else {
    (dcell_f * (one - f) * Vector::all(0.0f)).store(gates + kBlock);
  }
  (dcell_i * negative_multiply_add(g, g, one)).store(gates + 2 * kBlock);
  (dh_o * (one - o) * tanh_c).store(gates + 3 * kBlock);
  dcell_f.store(dc);
}

// What finish_backward will read of one row and the unit blocks [begin, end) of a tile.
inline void prefetch_backward(const BackwardStep& step, int first_block, int row, int begin,
                              int end) noexcept {
  const auto r = static_cast<std::size_t>(row);
  for (int v = first_block + begin; v < first_block + end; ++v) {
    const float* gates = step.gates + v * step.gates_panel + r * step.gates_row;
    for (int line = 0; line < kGateColumns; line += 16) prefetch_to_write(gates + line);
    if (step.c_previous != nullptr) prefetch(step.c_previous + r * step.c_previous_row + v * kBlock);
    if (step.dy != nullptr) prefetch(step.dy + r * step.dy_row + v * kBlock);
  }
}

template <int kRows, int kVectors>
__attribute__((noinline)) void finish_backward(const BackwardStep& step, int first_block, int first,
                                               const Tile<kRows, kVectors>& tile) noexcept {
  const std::size_t column = static_cast<std::size_t>(first_block) * kBlock;
  const auto row = static_cast<std::size_t>(first);
  float* gates = step.gates + static_cast<std::size_t>(first_block) * step.gates_panel + row * step.gates_row;
  const float* c = step.c + row * step.c_row + column;
  const float* c_previous =
      step.c_previous == nullptr ? nullptr : step.c_previous + row * step.c_previous_row + column;
  const float* dy = step.dy == nullptr ? nullptr : step.dy + row * step.dy_row + column;
  float* dc = step.dc + row * step.dc_row + column;
  unroll<kRows>([&](auto r) LSTM_INLINE {
    unroll_groups<kVectors, Vector::kSideBySide>([&](auto left, auto count) LSTM_INLINE {
      constexpr int kLeft = decltype(left){}, kCount = decltype(count){};
      Vector tanh_c[kCount];
      unroll<kCount>(
          [&](auto i) LSTM_INLINE { tanh_c[i] = Vector::load(c + r * step.c_row + (kLeft + i) * kBlock); });
      hyperbolic_tangent(tanh_c);
      unroll<kCount>([&](auto i) LSTM_INLINE {
        constexpr int v = kLeft + decltype(i){};
        Vector dh = tile.sum[r][v];
        if (dy != nullptr) dh = dh + Vector::load(dy + r * step.dy_row + v * kBlock);
        gate_gradients(dh, tanh_c[i], gates + v * step.gates_panel + r * step.gates_row,
                       c_previous == nullptr ? nullptr : c_previous + r * step.c_previous_row + v * kBlock,
                       dc + r * step.dc_row + v * kBlock);
      });
    });
  });
  const int units = step.own_units - first_block * kBlock;
  if (units >= kVectors * kBlock) return;
  for (int r = 0; r < kRows; ++r) {
    const int v = kVectors - 1;
    float* padded = gates + v * step.gates_panel + r * step.gates_row;
    for (int gate = 0; gate < 4; ++gate) clear_padding(padded + gate * kBlock, units - v * kBlock);
    clear_padding(dc + r * step.dc_row + v * kBlock, units - v * kBlock);
  }
}

template <int kVectors>
inline void backward_blocks(const BackwardStep& step, int block, PartialSums& partial) noexcept {
  if (step.dgates_next == nullptr) {
    for_row_tiles<most_rows(kVectors)>(step.rows, [&]<int kRows>(int first) LSTM_INLINE {
      Tile<kRows, kVectors> tile;
      tile.clear();
      finish_backward(step, block, first, tile);
    });
    return;
  }
  const int in_panel = (step.first_in_panel + block) % 4;
  const int first_of_panel = step.first_in_panel + block - in_panel;
  panel_product<kVectors, 4>(
      step.rows, step.all_unit_blocks * kGateColumns, kGateColumns,
      step.weights +
          static_cast<std::size_t>(first_of_panel) * kBlock *
              static_cast<std::size_t>(step.all_unit_blocks * kGateColumns) +
          in_panel * kBlock,
      partial,
      [&]<int kRows>(Tile<kRows, kVectors>& tile, int first, int first_k, int k, const float* weights,
                     Ahead ahead) LSTM_INLINE {
        const int first_gates = first_k / kGateColumns;
        // What finish_backward will read, half a row with each unit block.
        const int last_gates = first_gates + k / kGateColumns;
        for (int turn = first_gates; turn < last_gates && turn < 2 * kRows; ++turn) {
          const int half = (kVectors + 1) / 2;
          prefetch_backward(step, block, first + turn / 2, turn % 2 == 0 ? 0 : half,
                            turn % 2 == 0 ? half : kVectors);
        }
        accumulate_gates_ahead<4>(tile,
                                  step.dgates_next +
                                      static_cast<std::size_t>(first_gates) * step.dgates_next_panel +
                                      static_cast<std::size_t>(first) * step.dgates_next_row,
                                  step.dgates_next_panel, step.dgates_next_row, weights, k, ahead);
      },
      [&]<int kRows>(Tile<kRows, kVectors>& tile, int first)
          LSTM_INLINE { finish_backward(step, block, first, tile); });
}

void backward_step(const BackwardStep& step) noexcept {
  PartialSums partial;
  for (int block = 0, width = 0; block < step.unit_blocks; block += width) {
    width = std::min(4 - (step.first_in_panel + block) % 4, step.unit_blocks - block);
    for_width(width, [&]<int kVectors>() LSTM_INLINE { backward_blocks<kVectors>(step, block, partial); });
  }
}

}  // namespace
}  // namespace lstm::kernels
