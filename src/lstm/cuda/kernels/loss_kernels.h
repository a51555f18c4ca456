// Softmax with cross-entropy. One warp a row of logits.
#pragma once

#include "cuda/kernels/loss.h"
#include "cuda/kernels/ordered_sum.h"
#include "cuda/kernels/warp.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

// Rows go round the warps. A block that is alone computes the mean, too.
template <class T>
__global__ void cross_entropy_kernel(CrossEntropy<T> p) {
  const int first = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / kWarpSize);
  const int warps = static_cast<int>(gridDim.x * blockDim.x) / kWarpSize;
  const int lane = static_cast<int>(threadIdx.x % kWarpSize);
  for (int row = first; row < p.rows; row += warps) {
    const float* x = p.logits + static_cast<long long>(row) * p.classes;
    T* d = p.d_logits + static_cast<long long>(row) * p.classes;
    const float largest = warp_largest(x, p.classes, lane);
    float sum = 0.0f;
    for (int k = lane; k < p.classes; k += kWarpSize) sum += expf(x[k] - largest);
    sum = warp_sum(sum);
    const int label = p.labels[row];
    for (int k = lane; k < p.classes; k += kWarpSize) {
      d[k] = rounded<T>(p.scale * (expf(x[k] - largest) / sum - (k == label ? 1.0f : 0.0f)));
    }
    if (lane == 0) p.losses[row] = static_cast<double>(logf(sum)) - static_cast<double>(x[label] - largest);
  }
  if (gridDim.x > 1) return;
  __syncthreads();
  const double sum = ordered_sum(p.rows, p.losses);
  if (threadIdx.x == 0) *p.mean = 1.0 / p.rows * sum;
}

// One block.
__global__ void widen_losses_kernel(int count, const float* narrow, double* losses) {
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
    losses[i] = static_cast<double>(narrow[i]);
  }
}

}  // namespace lstm::cuda
