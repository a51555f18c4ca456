// Passes over parameters and gradients: Adam, sums over rows (bias gradients), copies between layouts and
// formats.
#pragma once

#include "cuda/kernels/ordered_sum.h"
#include "cuda/kernels/parameters.h"
#include "cuda/kernels/segment_copy.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

// As kernels/adam/adam_ref.cpp.
__global__ void adam_kernel(AdamStep step) {
  const long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= step.count) return;
  const float g = step.gradients[i];
  const float m = step.first_moments[i] + step.weight1 * (g - step.first_moments[i]);
  const float v = step.beta2 * step.second_moments[i] + step.weight2 * g * g;
  step.first_moments[i] = m;
  step.second_moments[i] = v;
  step.parameters[i] =
      step.decay * step.parameters[i] - step.step_size * m / (sqrtf(v) * step.root_scale + step.epsilon);
}

// The sum of a column of data (rows, columns) over rows first, first + stride, ... of each thread of a block
// of (32, 8), a column a thread of the 32: those with threadIdx.y = 0 get it.
template <class T>
__device__ inline float column_sum(int rows, int columns, const T* data, int first, int stride, int column,
                                   float (&sums)[kColumnSumRows][32]) {
  float sum = 0.0f;
  if (column < columns) {
    for (int row = first; row < rows; row += stride) {
      sum += to_float(data[static_cast<long long>(row) * columns + column]);
    }
  }
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  for (int k = 1; k < kColumnSumRows && threadIdx.y == 0; ++k) sum += sums[k][threadIdx.x];
  return sum;
}

// partial (gridDim.y, columns): sums over the rows of data (rows, columns) that a block of (32, 8) threads
// has.
template <class T>
__global__ void partial_column_sums_kernel(int rows, int columns, const T* data, float* partial) {
  __shared__ float sums[kColumnSumRows][32];
  const int column = static_cast<int>(blockIdx.x * 32 + threadIdx.x);
  const int first = static_cast<int>(blockIdx.y) * kColumnSumRows + static_cast<int>(threadIdx.y);
  const float sum =
      column_sum(rows, columns, data, first, static_cast<int>(gridDim.y) * kColumnSumRows, column, sums);
  if (threadIdx.y != 0 || column >= columns) return;
  partial[static_cast<long long>(blockIdx.y) * columns + column] = sum;
}

// b_W = b_R = scale * the sum over the rows of partial (rows, columns), or that added to them. Blocks of (32,
// 8) threads.
__global__ void bias_gradient_kernel(int rows, int columns, const float* partial, float scale, bool adds,
                                     float* b_W, float* b_R) {
  __shared__ float sums[kColumnSumRows][32];
  const int column = static_cast<int>(blockIdx.x * 32 + threadIdx.x);
  const float sum =
      column_sum(rows, columns, partial, static_cast<int>(threadIdx.y), kColumnSumRows, column, sums);
  if (threadIdx.y != 0 || column >= columns) return;
  const float value = adds ? b_W[column] + scale * sum : scale * sum;
  b_W[column] = value;
  b_R[column] = value;
}

// One row of blocks a segment.
template <class From, class To>
__global__ void copy_segments_kernel(SegmentCopies<From, To> copies) {
  copy_segment(copies, copies.segments[blockIdx.y],
               static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x,
               static_cast<long long>(gridDim.x) * blockDim.x);
}

constexpr int kSquareSumThreads = 256;

// partial (gridDim.x): sums of the squares that a block of kSquareSumThreads threads has.
__global__ void square_sums_kernel(long long count, const float* values, double* partial) {
  __shared__ double sums[kSquareSumThreads];
  const long long stride = static_cast<long long>(gridDim.x) * kSquareSumThreads;
  double sum = 0.0;
  for (long long i = static_cast<long long>(blockIdx.x) * kSquareSumThreads + threadIdx.x; i < count;
       i += stride) {
    sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  sums[threadIdx.x] = sum;
  __syncthreads();
  for (unsigned half = kSquareSumThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) partial[blockIdx.x] = sums[0];
}

// *total = the sum of values, in one order. One block.
__global__ void sum_in_order_kernel(int count, const double* values, double* total) {
  const double sum = ordered_sum(count, values);
  if (threadIdx.x == 0) *total = sum;
}

template <class From, class To>
__global__ void convert_kernel(long long count, const From* from, float scale, To* to) {
  const long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) to[i] = rounded<To>(scale * to_float(from[i]));
}

}  // namespace lstm::cuda
