// The serial part of an LSTM layer: one time step forward and backward. Included after tile.h and
// activations.h.
//
// Idea: a tile holds i, f, g, o of the same units for a few samples, so activations and cell are computed on
// the accumulators before they leave the registers (forward), and the gradient of h is turned into gradients
// of the gates in the same place (backward). What backward will read from memory is prefetched during the
// product before it.
#pragma once

#include "kernels/sequence/sequence.h"

namespace lstm::kernels {
namespace {

// Zeros behind the first `units` of a block of units: x that is not finite makes them something else.
inline void clear_padding(float* block, int units) noexcept {
  Vector::load_part(block, units).store(block);
}

template <int kRows>
inline void forward_tile(const ForwardStep& step, int block, int first) noexcept {
  const std::size_t column = static_cast<std::size_t>(block) * kBlock;
  float* gates = step.gates + static_cast<std::size_t>(block) * step.gates_panel +
                 static_cast<std::size_t>(first) * step.gates_row;
  Tile<kRows, 4> tile;
  tile.clear();
  float* c = step.c + static_cast<std::size_t>(first) * step.c_row + column;
  float* h = step.h + static_cast<std::size_t>(first) * step.h_row + column;
  if (step.h_previous != nullptr) {
    const auto a = Rows<kRows>::strided(
        step.h_previous + static_cast<std::size_t>(first) * step.h_previous_row, step.h_previous_row);
    const float* weights = step.weights + static_cast<std::size_t>(block) * step.units * kGateColumns;
    const float* c_previous = step.c_previous + static_cast<std::size_t>(first) * step.c_row + column;
    accumulate_with<8>(tile, a, 1, weights, step.units, [&](int piece) {
      if (piece < 4 * kRows) {
        prefetch_to_write(gates + (piece / 4) * step.gates_row + (piece % 4) * kBlock);
      } else if (piece < 5 * kRows) {
        prefetch(c_previous + (piece - 4 * kRows) * step.c_row);
        prefetch_to_write(c + (piece - 4 * kRows) * step.c_row);
      } else if (piece < 6 * kRows) {
        prefetch_to_write(h + (piece - 5 * kRows) * step.h_row);
      }
    });
  }
  unroll<kRows>([&](auto r) LSTM_INLINE {
    float* row = gates + r * step.gates_row;
    const Vector i = sigmoid(tile.sum[r][0] + Vector::load(row));
    const Vector f = sigmoid(tile.sum[r][1] + Vector::load(row + kBlock));
    const Vector g = hyperbolic_tangent(tile.sum[r][2] + Vector::load(row + 2 * kBlock));
    const Vector o = sigmoid(tile.sum[r][3] + Vector::load(row + 3 * kBlock));
    Vector cell = i * g;
    if (step.c_previous != nullptr) {
      cell = multiply_add(f, Vector::load(step.c_previous + (first + r) * step.c_row + column), cell);
    }
    i.store(row);
    f.store(row + kBlock);
    g.store(row + 2 * kBlock);
    o.store(row + 3 * kBlock);
    cell.store(c + r * step.c_row);
    (o * hyperbolic_tangent(cell)).store(h + r * step.h_row);
  });
  const int units = step.own_units - block * kBlock;
  if (units >= kBlock) return;
  for (int r = 0; r < kRows; ++r) {
    clear_padding(c + r * step.c_row, units);
    clear_padding(h + r * step.h_row, units);
  }
}

void forward_step(const ForwardStep& step) noexcept {
  for (int block = 0; block < step.unit_blocks; ++block) {
    for_row_tiles(step.rows, [&]<int kRows>(int first) { forward_tile<kRows>(step, block, first); });
  }
}

// From dh (in the tile) to gradients of the gates of one row and one unit block.
inline void gate_gradients(Vector dh, float* gates, const float* c, const float* c_previous,
                           float* dc) noexcept {
  const Vector one = Vector::all(1.0f);
  const Vector i = Vector::load(gates);
  const Vector f = Vector::load(gates + kBlock);
  const Vector g = Vector::load(gates + 2 * kBlock);
  const Vector o = Vector::load(gates + 3 * kBlock);
  const Vector tanh_c = hyperbolic_tangent(Vector::load(c));
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

template <int kRows, int kVectors>
inline void backward_tile(const BackwardStep& step, int first_block, int first) noexcept {
  const std::size_t column = static_cast<std::size_t>(first_block) * kBlock;
  float* gates = step.gates + static_cast<std::size_t>(first_block) * step.gates_panel +
                 static_cast<std::size_t>(first) * step.gates_row;
  const float* c = step.c + static_cast<std::size_t>(first) * step.c_row + column;
  const float* c_previous =
      step.c_previous == nullptr
          ? nullptr
          : step.c_previous + static_cast<std::size_t>(first) * step.c_previous_row + column;
  const float* dy =
      step.dy == nullptr ? nullptr : step.dy + static_cast<std::size_t>(first) * step.dy_row + column;
  Tile<kRows, kVectors> tile;
  tile.clear();
  if (step.dgates_next != nullptr) {
    accumulate_gates(tile, step.dgates_next + static_cast<std::size_t>(first) * step.dgates_next_row,
                     step.dgates_next_panel, step.dgates_next_row, step.all_unit_blocks,
                     step.weights + column * static_cast<std::size_t>(step.all_unit_blocks) * kGateColumns,
                     [&](int block) {
                       // Two halves of one row at a time: what gate_gradients will need of it.
                       const int r = block / 2;
                       if (r >= kRows) return;
                       const int begin = block % 2 == 0 ? 0 : (kVectors + 1) / 2;
                       const int end = block % 2 == 0 ? (kVectors + 1) / 2 : kVectors;
                       for (int v = begin; v < end; ++v) {
                         const float* p = gates + v * step.gates_panel + r * step.gates_row;
                         for (int line = 0; line < kGateColumns; line += 16) prefetch_to_write(p + line);
                         if (c_previous != nullptr)
                           prefetch(c_previous + r * step.c_previous_row + v * kBlock);
                         if (dy != nullptr) prefetch(dy + r * step.dy_row + v * kBlock);
                       }
                     });
  }
  tile.for_each([&](int r, int v, Vector dh) LSTM_INLINE {
    if (dy != nullptr) dh = dh + Vector::load(dy + r * step.dy_row + v * kBlock);
    gate_gradients(dh, gates + v * step.gates_panel + r * step.gates_row, c + r * step.c_row + v * kBlock,
                   c_previous == nullptr ? nullptr : c_previous + r * step.c_previous_row + v * kBlock,
                   step.dc + (first + r) * step.dc_row + column + v * kBlock);
  });
  const int units = step.own_units - first_block * kBlock;
  if (units >= kVectors * kBlock) return;
  for (int r = 0; r < kRows; ++r) {
    const int v = kVectors - 1;
    float* row = gates + v * step.gates_panel + r * step.gates_row;
    for (int gate = 0; gate < 4; ++gate) clear_padding(row + gate * kBlock, units - v * kBlock);
    clear_padding(step.dc + (first + r) * step.dc_row + column + v * kBlock, units - v * kBlock);
  }
}

void backward_step(const BackwardStep& step) noexcept {
  for (int block = 0; block < step.unit_blocks; block += 4) {
    const int vectors = step.unit_blocks - block < 4 ? step.unit_blocks - block : 4;
    for_width(vectors, [&]<int kVectors>() {
      for_row_tiles(step.rows,
                    [&]<int kRows>(int first) { backward_tile<kRows, kVectors>(step, block, first); });
    });
  }
}

}  // namespace
}  // namespace lstm::kernels
