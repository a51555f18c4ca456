// One block a place. Forward: one warp a class, then one for the loss.
#pragma once

#include "cuda/kernels/cross_entropy_row.h"
#include "cuda/kernels/small_head.h"
#include "cuda/kernels/warp.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

// d_last_y of one place, by all threads of a block.
template <class T>
__device__ inline void gradient_of_last_y(const SmallHead<T>& head, int place, const T* d_logits,
                                          float* d_last_y) {
  const T* const d = d_logits + static_cast<long long>(place) * head.classes;
  for (int j = static_cast<int>(threadIdx.x); j < head.width; j += static_cast<int>(blockDim.x)) {
    float sum = 0.0f;
    for (int k = 0; k < head.classes; ++k) {
      sum += to_float(d[k]) * to_float(head.weights[static_cast<long long>(k) * head.stride + j]);
    }
    d_last_y[static_cast<long long>(place) * head.width + j] = sum;
  }
}

template <class T>
__global__ void small_head_forward_kernel(SmallHead<T> head, const T* y, T* last_y, float* logits,
                                          CrossEntropy<T> loss, float* d_last_y) {
  const int place = static_cast<int>(blockIdx.x), lane = static_cast<int>(threadIdx.x % kWarpSize);
  const int warps = static_cast<int>(blockDim.x) / kWarpSize;
  const long long row = head.rows.row(head.lengths[place] - 1) + place;
  const T* const last = y + row * head.width;
  for (int j = static_cast<int>(threadIdx.x); j < head.width; j += static_cast<int>(blockDim.x)) {
    last_y[static_cast<long long>(place) * head.width + j] = last[j];
  }
  for (int k = static_cast<int>(threadIdx.x) / kWarpSize; k < head.classes; k += warps) {
    const T* const weights = head.weights + static_cast<long long>(k) * head.stride;
    float sum = 0.0f;
    for (int j = lane; j < head.width; j += kWarpSize) sum += to_float(last[j]) * to_float(weights[j]);
    sum = warp_sum(sum);
    if (lane == 0) logits[static_cast<long long>(place) * head.classes + k] = sum;
  }
  __syncthreads();
  if (static_cast<int>(threadIdx.x) < kWarpSize) cross_entropy_of_row(loss, place, lane);
  __syncthreads();
  gradient_of_last_y(head, place, loss.d_logits, d_last_y);
}

template <class T>
__global__ void small_head_backward_kernel(SmallHead<T> head, const T* d_logits, float* d_last_y) {
  gradient_of_last_y(head, static_cast<int>(blockIdx.x), d_logits, d_last_y);
}

}  // namespace lstm::cuda
