// Elementwise operations on contiguous floats, forward and gradient: what the tape of the basic engine is
// made of.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/table.h"

namespace lstm::kernels {

// n elements each; an output may be one of the inputs. Gradients are added to what is there.
struct PointwiseFunctions {
  void (*add)(std::size_t n, const float* a, const float* b, float* out) noexcept;       // a + b
  void (*multiply)(std::size_t n, const float* a, const float* b, float* out) noexcept;  // a * b
  void (*sigmoid)(std::size_t n, const float* a, float* out) noexcept;
  void (*tanh)(std::size_t n, const float* a, float* out) noexcept;
  void (*add_product)(std::size_t n, const float* a, const float* b, float* out) noexcept;  // out + a * b
  // From the function's value y and its gradient dy: out + dy * y * (1 - y), out + dy * (1 - y * y).
  void (*add_sigmoid_gradient)(std::size_t n, const float* y, const float* dy, float* out) noexcept;
  void (*add_tanh_gradient)(std::size_t n, const float* y, const float* dy, float* out) noexcept;
};

std::span<const Variant<PointwiseFunctions>> pointwise_variants();

}  // namespace lstm::kernels
