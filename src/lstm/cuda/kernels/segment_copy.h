// What one thread copies of a segment.
#pragma once

#include "cuda/kernels/element.h"
#include "cuda/kernels/parameters.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

// Elements first, first + stride, ... of a segment.
template <class From, class To>
__device__ inline void copy_segment(const SegmentCopies<From, To>& copies, const Segment& segment,
                                    long long first, long long stride) {
  const long long count = static_cast<long long>(segment.rows) * segment.columns;
  for (long long i = first; i < count; i += stride) {
    const auto [row, column] = element(i, segment.columns);
    const float value = to_float(copies.from[segment.from + row * segment.from_stride + column]);
    copies.to[segment.to + row * segment.to_stride + column] = rounded<To>(copies.scale * value);
  }
}

}  // namespace lstm::cuda
