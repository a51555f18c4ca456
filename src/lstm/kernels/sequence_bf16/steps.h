// The serial part of an LSTM layer in bf16: one time step forward and backward. Included after a Vector with
// its Words, activations.h and product.h.
//
// Idea: activations take longer than the products of AMX do, and run on other ports. So a block of sums is
// stored, and turned into gates while the next block is multiplied: a row or two after each 32 elements of K.
#pragma once

#include "kernels/sequence_bf16/parts.h"
#include "kernels/sequence_bf16/product.h"

namespace lstm::kernels {
namespace {

// How many unit blocks ahead of its use memory is fetched: about a product's time.
constexpr int kBlocksAhead = 2;

template <int kParts>
inline void fetch_gates_ahead(const Bf16* gates) noexcept {
  for (int line = 0; line < 2 * kParts; ++line) {
    __builtin_prefetch(gates + kBlocksAhead * kParts * bf16::kGateColumns + line * 32, 1);
  }
}

template <int kParts>
inline void forward_row(const bf16::ForwardStep& step, int block, int r) noexcept {
  const auto row = static_cast<std::size_t>(r);
  const std::size_t unit = static_cast<std::size_t>(block) * bf16::kUnits;
  const float* sums =
      step.sums + static_cast<std::size_t>(block) * step.sums_block + row * bf16::kGateColumns;
  const float* bias = step.bias + 4 * unit;
  Bf16* gates = step.gates + row * step.gates_row + kParts * 4 * unit;
  fetch_gates_ahead<kParts>(gates);
  const Vector i = sigmoid(Vector::load(sums) + Vector::load(bias));
  const Vector f = sigmoid(Vector::load(sums + 16) + Vector::load(bias + 16));
  const Vector g = hyperbolic_tangent(Vector::load(sums + 32) + Vector::load(bias + 32));
  const Vector o = sigmoid(Vector::load(sums + 48) + Vector::load(bias + 48));
  Vector c = i * g;
  float* state = step.c + row * step.c_row + unit;
  if (step.h_previous != nullptr) c = multiply_add(f, Vector::load(state), c);
  Vector h = o * hyperbolic_tangent(c);
  const int own = step.own_units - block * bf16::kUnits;
  if (own < bf16::kUnits) {  // x that is not finite makes something else than zeros of the padding
    c = first_lanes(c, own < 0 ? 0 : own);
    h = first_lanes(h, own < 0 ? 0 : own);
  }
  store_saved_pair<kParts>(i, f, gates);
  store_saved_pair<kParts>(g, o, gates + kParts * 32);
  c.store(state);
  store_saved<kParts>(c, step.saved_c + row * step.saved_c_row + kParts * unit);
  const std::size_t tile = unit / bf16::kTileK * bf16::kTileK;
  store_half_operand<kParts>(h, step.h + row * step.h_row + kParts * tile + (unit - tile));
}

template <int kParts>
void forward_step(const bf16::ForwardStep& step) noexcept {
  if (step.h_previous == nullptr) {
    for (int block = 0; block < step.unit_blocks; ++block) {
      for (int r = 0; r < step.rows; ++r) forward_row<kParts>(step, block, r);
    }
    return;
  }
  Multiplier multiplier;
  const std::size_t panel_size = static_cast<std::size_t>(step.k_tiles) * kParts * bf16::kStepElements;
  int waiting_block = 0, next_row = 0, last_row = 0;  // rows of a block whose sums are complete
  for (int block = 0; block < step.unit_blocks; ++block) {
    for (int first = 0; first < step.rows; first += kBlockRows) {
      const int rows = smaller(step.rows - first, kBlockRows);
      const int pace = (last_row - next_row + 2 * step.k_tiles - 1) / (2 * step.k_tiles);
      const auto between = [&] {
        for (int i = 0; i < pace && next_row < last_row; ++i) {
          forward_row<kParts>(step, waiting_block, next_row++);
        }
      };
      const LeftBlock h{step.h_previous + static_cast<std::size_t>(first) * step.h_previous_row,
                        step.h_previous_row, 16 * step.h_previous_row, kParts * bf16::kTileK};
      float* sums = step.sums + static_cast<std::size_t>(block) * step.sums_block +
                    static_cast<std::size_t>(first) * bf16::kGateColumns;
      const Bf16* weights = step.weights + static_cast<std::size_t>(block) * 2 * panel_size;
      multiplier.block<kParts>(rows, step.k_tiles, h, weights, sums, bf16::kGateColumns, true, between);
      multiplier.block<kParts>(rows, step.k_tiles, h, weights + panel_size, sums + bf16::kPanelColumns,
                               bf16::kGateColumns, true, between);
      while (next_row < last_row) forward_row<kParts>(step, waiting_block, next_row++);
      waiting_block = block;
      next_row = first;
      last_row = first + rows;
    }
  }
  while (next_row < last_row) forward_row<kParts>(step, waiting_block, next_row++);
}

// From dh without dy to gradients of the gates, for one row and one unit block.
template <int kParts>
inline void backward_row(const bf16::BackwardStep& step, int block, int r, const float* dh_sum) noexcept {
  const auto row = static_cast<std::size_t>(r);
  const std::size_t unit = static_cast<std::size_t>(block) * bf16::kUnits;
  const Vector one = Vector::all(1.0f);
  Bf16* gates = step.gates + row * step.gates_row + kParts * 4 * unit;
  const Bf16* saved_c = step.c + row * step.c_row + kParts * unit;
  fetch_gates_ahead<kParts>(gates);
  __builtin_prefetch(saved_c + kBlocksAhead * kParts * bf16::kUnits);
  const Vector i = load_saved<kParts>(gates), f = load_saved<kParts>(gates + kParts * 16);
  const Vector g = load_saved<kParts>(gates + kParts * 32), o = load_saved<kParts>(gates + kParts * 48);
  Vector dh = dh_sum == nullptr ? Vector::all(0.0f) : Vector::load(dh_sum);
  if (step.dy != nullptr) dh = dh + Vector::load(step.dy + row * step.dy_row + unit);
  const Vector tanh_c = hyperbolic_tangent(load_saved<kParts>(saved_c));
  const Vector c_previous = step.c_previous == nullptr
                                ? Vector::all(0.0f)
                                : load_saved<kParts>(step.c_previous + row * step.c_row + kParts * unit);
  float* dc = step.dc + row * step.dc_row + unit;
  const Vector dh_o = dh * o;
  // dc += dh * o * (1 - tanh(c)^2)
  const Vector dcell = multiply_add(dh_o, negative_multiply_add(tanh_c, tanh_c, one), Vector::load(dc));
  const Vector dcell_i = dcell * i;
  const Vector dcell_f = dcell * f;
  Vector gradients[5] = {dcell_i * (one - i) * g, dcell_f * (one - f) * c_previous,
                         dcell_i * negative_multiply_add(g, g, one), dh_o * (one - o) * tanh_c, dcell_f};
  const int own = step.own_units - block * bf16::kUnits;
  if (own < bf16::kUnits) {
    for (Vector& gradient : gradients) gradient = first_lanes(gradient, own < 0 ? 0 : own);
  }
  store_operand<kParts>(gradients[0], gradients[1], gates);
  store_operand<kParts>(gradients[2], gradients[3], gates + kParts * bf16::kTileK);
  gradients[4].store(dc);
}

template <int kParts>
void backward_step(const bf16::BackwardStep& step) noexcept {
  if (step.dgates_next == nullptr) {
    for (int block = 0; block < 2 * step.panels; ++block) {
      for (int r = 0; r < step.rows; ++r) backward_row<kParts>(step, block, r, nullptr);
    }
    return;
  }
  Multiplier multiplier;
  alignas(64) float sums[2][kBlockRows][bf16::kPanelColumns];  // of this block, and of the one before
  const std::size_t panel_size = static_cast<std::size_t>(step.k_tiles) * kParts * bf16::kStepElements;
  int waiting_panel = 0, waiting_first = 0, next = 0, last = 0, turn = 0;
  const auto finish_next = [&] {
    const int r = next / 2, half = next % 2;
    backward_row<kParts>(step, 2 * waiting_panel + half, waiting_first + r,
                         sums[1 - turn][r] + half * bf16::kUnits);
    ++next;
  };
  for (int panel = 0; panel < step.panels; ++panel) {
    for (int first = 0; first < step.rows; first += kBlockRows) {
      const int rows = smaller(step.rows - first, kBlockRows);
      const int pace = (last - next + step.k_tiles - 1) / step.k_tiles;
      const LeftBlock dgates{step.dgates_next + static_cast<std::size_t>(first) * step.dgates_next_row,
                             step.dgates_next_row, 16 * step.dgates_next_row, kParts * bf16::kTileK};
      multiplier.block<kParts>(rows, step.k_tiles, dgates,
                               step.weights + static_cast<std::size_t>(panel) * panel_size, sums[turn][0],
                               bf16::kPanelColumns, false, [&] {
                                 for (int i = 0; i < pace && next < last; ++i) finish_next();
                               });
      while (next < last) finish_next();
      waiting_panel = panel;
      waiting_first = first;
      next = 0;
      last = 2 * rows;
      turn = 1 - turn;
    }
  }
  while (next < last) finish_next();
}

}  // namespace
}  // namespace lstm::kernels
