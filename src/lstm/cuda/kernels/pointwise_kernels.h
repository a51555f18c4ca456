// A thread has one element.
#pragma once

#include "cuda/kernels/element.h"
#include "cuda/kernels/pointwise.h"
#include "cuda/math/cell.h"

namespace lstm::cuda {

template <PointwiseOperation operation>
LSTM_HOST_DEVICE float apply(float a, float b, float out) {
  using enum PointwiseOperation;
  if constexpr (operation == add) return a + b;
  if constexpr (operation == multiply) return a * b;
  if constexpr (operation == add_product) return out + a * b;
  if constexpr (operation == sigmoid) return lstm::cuda::sigmoid(a);
  if constexpr (operation == tanh) return tanhf(a);
  if constexpr (operation == sigmoid_gradient) return b * a * (1.0f - a);
  if constexpr (operation == tanh_gradient) return b * (1.0f - a * a);
  if constexpr (operation == add_tanh_gradient) return out + b * (1.0f - a * a);
}

template <PointwiseOperation operation>
__global__ void pointwise_kernel(Pointwise p) {
  const long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const auto [row, column] = element(i, p.columns);
  if (row >= p.rows) return;
  const float a = p.a[row * p.a_stride + column];
  const float b = row < p.b_rows ? p.b[row * p.b_stride + column] : 0.0f;
  float* const out = p.out + row * p.out_stride + column;
  constexpr bool kReadsOut =
      operation == PointwiseOperation::add_product || operation == PointwiseOperation::add_tanh_gradient;
  *out = apply<operation>(a, b, kReadsOut ? *out : 0.0f);
}

}  // namespace lstm::cuda
