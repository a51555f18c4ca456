// The batch's x to packed rows, and parameters to the format of products.
#pragma once

#include "cuda/kernels/element.h"
#include "cuda/kernels/operands.h"
#include "cuda/kernels/segment_copy.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

// Elements first, first + stride, ... of step t; columns behind the inputs are zero. Nothing behind a
// sample's length is read.
template <class T>
__device__ inline void pack_step(const PackX<T>& p, int t, long long first, long long stride) {
  const long long start = static_cast<long long>(p.rows.row(t)) * p.stride;
  const long long count = static_cast<long long>(p.rows.active(t)) * p.stride;
  for (long long i = first; i < count; i += stride) {
    const auto [place, column] = element(i, p.stride);
    const float value =
        column < p.inputs ? p.x[p.loaded.row(p.rows, p.order[place], t) * p.inputs + column] : 0.0f;
    p.packed[start + i] = rounded<T>(value);
  }
}

// Blocks: so many for each step, then so many for each segment.
template <class T>
__global__ void make_operands_kernel(PackX<T> x, unsigned blocks_a_step, SegmentCopies<float, T> copies,
                                     unsigned blocks_a_segment) {
  const unsigned of_x = static_cast<unsigned>(x.rows.steps) * blocks_a_step;
  const bool packs = blockIdx.x < of_x;
  const unsigned block = packs ? blockIdx.x : blockIdx.x - of_x;
  const unsigned blocks_each = packs ? blocks_a_step : blocks_a_segment;
  const unsigned which = block / blocks_each;
  const long long first = static_cast<long long>(block % blocks_each) * blockDim.x + threadIdx.x;
  const long long stride = static_cast<long long>(blocks_each) * blockDim.x;
  if (packs) {
    pack_step(x, static_cast<int>(which), first, stride);
  } else {
    copy_segment(copies, copies.segments[which], first, stride);
  }
}

}  // namespace lstm::cuda
