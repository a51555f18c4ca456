// Sums that have the same bits whatever computes them: one value after the other.
#pragma once

namespace lstm::cuda {

constexpr int kOrderedSumThreads = 256;  // at least, of a block

// By all threads of one block, which may have written the values before a barrier. Thread 0 gets the sum.
// Values come through shared memory: one thread alone would wait for each.
__device__ inline double ordered_sum(int count, const double* values) {
  __shared__ double chunk[kOrderedSumThreads];
  const int thread = static_cast<int>(threadIdx.x);
  double sum = 0.0;
  for (int start = 0; start < count; start += kOrderedSumThreads) {
    const int length = count - start < kOrderedSumThreads ? count - start : kOrderedSumThreads;
    if (thread < length) chunk[thread] = values[start + thread];
    __syncthreads();
    for (int k = 0; k < length && thread == 0; ++k) sum += chunk[k];
    __syncthreads();
  }
  return sum;
}

}  // namespace lstm::cuda
