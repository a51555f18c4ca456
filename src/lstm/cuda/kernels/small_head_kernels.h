// Forward: one block a place, one warp a class, one for the loss. Backward: a column of blocks a step, as in
// packing_kernels.h.
#pragma once

#include "cuda/kernels/cross_entropy_row.h"
#include "cuda/kernels/element.h"
#include "cuda/kernels/small_head.h"
#include "cuda/kernels/warp.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

template <class T>
__global__ void small_head_forward_kernel(SmallHead<T> head, const T* y, T* last_y, float* logits,
                                          CrossEntropy<T> loss) {
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
}

// Samples whose last step is t are the last places of its rows.
template <class T>
__global__ void small_head_backward_kernel(SmallHead<T> head, const T* d_logits, float* dy) {
  const int t = static_cast<int>(blockIdx.x), width = head.width;
  const long long first = static_cast<long long>(head.rows.row(t)) * width;
  const long long count = static_cast<long long>(head.rows.active(t)) * width;
  const long long zeros =
      t + 1 < head.rows.steps ? static_cast<long long>(head.rows.active(t + 1)) * width : 0;
  const long long threads = static_cast<long long>(gridDim.y) * blockDim.x;
  for (long long i = static_cast<long long>(blockIdx.y) * blockDim.x + threadIdx.x; i < count; i += threads) {
    float sum = 0.0f;
    if (i >= zeros) {
      const auto [place, column] = element(i, width);
      const T* const d = d_logits + place * head.classes;
      const T* const weights = head.weights + column;
      for (int k = 0; k < head.classes; ++k) {
        sum += to_float(d[k]) * to_float(weights[static_cast<long long>(k) * head.stride]);
      }
    }
    dy[first + i] = sum;
  }
}

}  // namespace lstm::cuda
