// Softmax with cross-entropy of one row of logits, by one warp.
#pragma once

#include "cuda/kernels/loss.h"
#include "cuda/kernels/warp.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

template <class T>
__device__ inline void cross_entropy_of_row(const CrossEntropy<T>& p, int row, int lane) {
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

}  // namespace lstm::cuda
