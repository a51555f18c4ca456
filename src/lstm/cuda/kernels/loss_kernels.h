// Softmax with cross-entropy. One warp a row of logits.
#pragma once

#include "cuda/kernels/warp.h"

namespace lstm::cuda {

// losses (rows) = -log(softmax(logits)[label]); d_logits (rows, V) = scale * (softmax(logits) -
// one-hot(label)).
__global__ void cross_entropy_kernel(int rows, int classes, const float* logits, const int* labels,
                                     float scale, double* losses, float* d_logits) {
  const int row = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / kWarpSize);
  const int lane = static_cast<int>(threadIdx.x % kWarpSize);
  if (row >= rows) return;  // all lanes of a warp
  const float* x = logits + static_cast<long long>(row) * classes;
  float* d = d_logits + static_cast<long long>(row) * classes;
  const float largest = warp_largest(x, classes, lane);
  float sum = 0.0f;
  for (int k = lane; k < classes; k += kWarpSize) sum += expf(x[k] - largest);
  sum = warp_sum(sum);
  const int label = labels[row];
  for (int k = lane; k < classes; k += kWarpSize) {
    d[k] = scale * (expf(x[k] - largest) / sum - (k == label ? 1.0f : 0.0f));
  }
  if (lane == 0) losses[row] = static_cast<double>(logf(sum)) - static_cast<double>(x[label] - largest);
}

// One block.
__global__ void widen_losses_kernel(int count, const float* narrow, double* losses) {
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
    losses[i] = static_cast<double>(narrow[i]);
  }
}

}  // namespace lstm::cuda
