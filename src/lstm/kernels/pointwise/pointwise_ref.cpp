#include <cmath>

#include "kernels/pointwise/pointwise_variants.h"

namespace lstm::kernels {
namespace {

void add(std::size_t n, const float* a, const float* b, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}
void multiply(std::size_t n, const float* a, const float* b, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] * b[i];
}
void sigmoid(std::size_t n, const float* a, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = 1.0f / (1.0f + std::exp(-a[i]));
}
void tanh(std::size_t n, const float* a, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = std::tanh(a[i]);
}
void add_product(std::size_t n, const float* a, const float* b, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] += a[i] * b[i];
}
void add_sigmoid_gradient(std::size_t n, const float* y, const float* dy, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] += dy[i] * y[i] * (1 - y[i]);
}
void add_tanh_gradient(std::size_t n, const float* y, const float* dy, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] += dy[i] * (1 - y[i] * y[i]);
}

}  // namespace

const PointwiseFunctions kPointwiseRef = {
    add, multiply, sigmoid, tanh, add_product, add_sigmoid_gradient, add_tanh_gradient};

}  // namespace lstm::kernels
