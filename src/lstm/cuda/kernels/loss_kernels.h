// Losses of samples.
#pragma once

#include "cuda/kernels/cross_entropy_row.h"
#include "cuda/kernels/loss.h"
#include "cuda/kernels/warp.h"

namespace lstm::cuda {

// One warp a row.
template <class T>
__global__ void cross_entropy_kernel(CrossEntropy<T> p) {
  const int row = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / kWarpSize);
  if (row < p.rows) cross_entropy_of_row(p, row, static_cast<int>(threadIdx.x % kWarpSize));
}

// One block.
__global__ void widen_losses_kernel(int count, const float* narrow, double* losses) {
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
    losses[i] = static_cast<double>(narrow[i]);
  }
}

}  // namespace lstm::cuda
