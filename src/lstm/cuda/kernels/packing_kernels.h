// Copies between packed rows and the rows that a loss or a weight gradient reads. A
// column of blocks a step: their threads walk over the step's rows and columns, columns fastest.
#pragma once

#include "cuda/kernels/element.h"
#include "cuda/kernels/packed_rows.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

// For each row of direction's part of y (rows, stride), H columns: h of the step before it, zero where there
// is none.
template <class T>
__global__ void gather_h_before_kernel(PackedRows rows, int direction, const T* y, int stride, int units,
                                       T* h_before) {
  const int t = static_cast<int>(blockIdx.x);
  const int before = rows.step_before(direction, t), rows_before = rows.rows_before(direction, t);
  const long long first = rows.row(t), from = before < 0 ? 0 : rows.row(before);
  const long long count = static_cast<long long>(rows.active(t)) * units;
  const long long threads = static_cast<long long>(gridDim.y) * blockDim.x;
  for (long long i = static_cast<long long>(blockIdx.y) * blockDim.x + threadIdx.x; i < count; i += threads) {
    const auto [place, unit] = element(i, units);
    h_before[first * units + i] = place < rows_before ? y[(from + place) * stride + unit] : T{};
  }
}

// y at each sample's last step: (N, width) by place. One block a place.
template <class T>
__global__ void gather_last_kernel(PackedRows rows, const int* lengths, const T* y, int width, T* last) {
  const int place = static_cast<int>(blockIdx.x);
  const long long row = rows.row(lengths[place] - 1) + place;
  for (int j = static_cast<int>(threadIdx.x); j < width; j += static_cast<int>(blockDim.x)) {
    last[static_cast<long long>(place) * width + j] = y[row * width + j];
  }
}

// The reverse: all of dy (rows, width), from d_last (N, width) by place at each sample's last step, zero
// elsewhere. Those whose last step is t are the last places of its rows.
template <class T>
__global__ void scatter_last_kernel(PackedRows rows, const T* d_last, int width, T* dy) {
  const int t = static_cast<int>(blockIdx.x);
  const long long first = static_cast<long long>(rows.row(t)) * width;
  const long long count = static_cast<long long>(rows.active(t)) * width;
  const long long zeros = t + 1 < rows.steps ? static_cast<long long>(rows.active(t + 1)) * width : 0;
  const long long threads = static_cast<long long>(gridDim.y) * blockDim.x;
  for (long long i = static_cast<long long>(blockIdx.y) * blockDim.x + threadIdx.x; i < count; i += threads) {
    dy[first + i] = i < zeros ? T{} : d_last[i];
  }
}

}  // namespace lstm::cuda
