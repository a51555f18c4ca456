// Both passes, written once for every register width. To be included after one of simd/vector_*.h.
//
// One pass reads and writes each gate once; all that lies between stays in registers. The last units of a row
// that do not fill a register are loaded and stored under a mask. tanh(c) is computed again in the backward
// pass: that is cheaper than to store and load it. Bound by the load of gates and by the divisions of the
// activations.
#pragma once

#include <cstddef>

#include "kernels/cell/cell.h"
#include "kernels/simd/activation.h"

namespace lstm::kernels {
namespace {

// Calls function(load, store, u) for each register of units, with masks only on the last one.
template <class Function>
inline void for_each_register(std::ptrdiff_t units, const Function& function) {
  std::ptrdiff_t u = 0;
  for (; u + Vector::kLanes <= units; u += Vector::kLanes) {
    function([](const float* p) { return Vector::load(p); }, [](float* p, Vector v) { v.store(p); }, u);
  }
  if (u == units) return;
  const auto rest = Vector::first(units - u);
  function([rest](const float* p) { return Vector::load(p, rest); },
           [rest](float* p, Vector v) { v.store(p, rest); }, u);
}

inline void cell_forward(const CellForward& step, int first_row, int last_row) noexcept {
  const std::ptrdiff_t H = step.units;
  for (std::ptrdiff_t row = first_row; row < last_row; ++row) {
    float* gate = step.gates + row * 4 * H;
    const bool has_before = row < step.rows_before;
    for_each_register(H, [&](auto load, auto store, std::ptrdiff_t u) {
      const auto sum = [&](std::ptrdiff_t j) {
        return load(gate + j) + (load(step.b_W + j) + load(step.b_R + j));
      };
      const Vector i = sigmoid(sum(u)), f = sigmoid(sum(H + u));
      const Vector g = hyperbolic_tangent(sum(2 * H + u)), o = sigmoid(sum(3 * H + u));
      const Vector c_before = has_before ? load(step.c_before + row * H + u) : Vector::zero();
      const Vector c = multiply_add(f, c_before, i * g);
      store(gate + u, i);
      store(gate + H + u, f);
      store(gate + 2 * H + u, g);
      store(gate + 3 * H + u, o);
      store(step.c + row * H + u, c);
      store(step.h + row * step.h_stride + u, o * hyperbolic_tangent(c));
    });
  }
}

inline void cell_backward(const CellBackward& step, int first_row, int last_row) noexcept {
  const std::ptrdiff_t H = step.units;
  const Vector one = Vector::broadcast(1.0f);
  for (std::ptrdiff_t row = first_row; row < last_row; ++row) {
    float* gate = step.gates + row * 4 * H;
    const bool has_before = row < step.rows_before;
    for_each_register(H, [&](auto load, auto store, std::ptrdiff_t u) {
      const Vector i = load(gate + u), f = load(gate + H + u);
      const Vector g = load(gate + 2 * H + u), o = load(gate + 3 * H + u);
      const Vector c_before = has_before ? load(step.c_before + row * H + u) : Vector::zero();
      const Vector tanh_c = hyperbolic_tangent(load(step.c + row * H + u));
      const Vector dh = load(step.dh + row * step.dh_stride + u);
      const Vector dc = load(step.dc + row * H + u) + dh * o * negative_multiply_add(tanh_c, tanh_c, one);
      store(gate + u, dc * g * i * (one - i));
      store(gate + H + u, dc * c_before * f * (one - f));
      store(gate + 2 * H + u, dc * i * negative_multiply_add(g, g, one));
      store(gate + 3 * H + u, dh * tanh_c * o * (one - o));
      store(step.dc + row * H + u, dc * f);
    });
  }
}

}  // namespace
}  // namespace lstm::kernels
