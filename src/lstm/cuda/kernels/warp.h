// What the lanes of one warp work out together. Sums have one order: the same bits on every run.
#pragma once

#include <cmath>

namespace lstm::cuda {

constexpr int kWarpSize = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

__device__ inline float warp_sum(float value) {
  for (int distance = kWarpSize / 2; distance > 0; distance /= 2)
    value += __shfl_xor_sync(kAllLanes, value, distance);
  return value;
}

// The larger of two; NaN where one is NaN.
__device__ inline float larger(float a, float b) {
  return !(a == a) || a > b ? a : b;
}

// The largest of count values; NaN where one is NaN.
__device__ inline float warp_largest(const float* values, int count, int lane) {
  float largest = -INFINITY;
  for (int k = lane; k < count; k += kWarpSize) largest = larger(largest, values[k]);
  for (int distance = kWarpSize / 2; distance > 0; distance /= 2) {
    largest = larger(largest, __shfl_xor_sync(kAllLanes, largest, distance));
  }
  return largest;
}

}  // namespace lstm::cuda
