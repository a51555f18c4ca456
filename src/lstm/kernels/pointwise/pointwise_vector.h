// All operations, written once for every register width. To be included after one of simd/vector_*.h. Bound
// by loads and stores, but for the activations; the last elements are loaded and stored under a mask.
#pragma once

#include "kernels/pointwise/pointwise.h"
#include "kernels/simd/activation.h"

namespace lstm::kernels {
namespace {

// out[i] = function(load), where load(p) gives the register of p at the place that is computed.
template <class Function>
inline void for_each_register(std::size_t n, float* out, const Function& function) noexcept {
  std::size_t i = 0;
  for (; i + Vector::kLanes <= n; i += Vector::kLanes) {
    function([i](const float* p) { return Vector::load(p + i); }).store(out + i);
  }
  if (i == n) return;
  const auto rest = Vector::first(static_cast<long>(n - i));
  function([i, rest](const float* p) { return Vector::load(p + i, rest); }).store(out + i, rest);
}

void vector_add(std::size_t n, const float* a, const float* b, float* out) noexcept {
  for_each_register(n, out, [&](auto load) { return load(a) + load(b); });
}
void vector_multiply(std::size_t n, const float* a, const float* b, float* out) noexcept {
  for_each_register(n, out, [&](auto load) { return load(a) * load(b); });
}
void vector_sigmoid(std::size_t n, const float* a, float* out) noexcept {
  for_each_register(n, out, [&](auto load) { return sigmoid(load(a)); });
}
void vector_tanh(std::size_t n, const float* a, float* out) noexcept {
  for_each_register(n, out, [&](auto load) { return hyperbolic_tangent(load(a)); });
}
void vector_add_product(std::size_t n, const float* a, const float* b, float* out) noexcept {
  for_each_register(n, out, [&](auto load) { return multiply_add(load(a), load(b), load(out)); });
}
void vector_add_sigmoid_gradient(std::size_t n, const float* y, const float* dy, float* out) noexcept {
  const Vector one = Vector::broadcast(1.0f);
  for_each_register(n, out,
                    [&](auto load) { return multiply_add(load(dy) * load(y), one - load(y), load(out)); });
}
void vector_add_tanh_gradient(std::size_t n, const float* y, const float* dy, float* out) noexcept {
  const Vector one = Vector::broadcast(1.0f);
  for_each_register(n, out, [&](auto load) {
    return multiply_add(load(dy), negative_multiply_add(load(y), load(y), one), load(out));
  });
}

constexpr PointwiseFunctions kVectorFunctions = {vector_add,
                                                 vector_multiply,
                                                 vector_sigmoid,
                                                 vector_tanh,
                                                 vector_add_product,
                                                 vector_add_sigmoid_gradient,
                                                 vector_add_tanh_gradient};

}  // namespace
}  // namespace lstm::kernels
