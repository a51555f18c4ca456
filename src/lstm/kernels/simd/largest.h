// The maximum of a row over Vector (simd/vector_avx2.h or vector_avx512.h, included before).
#pragma once

namespace lstm::kernels {
namespace {

// NaN may or may not count: where a row has one, everything made from it is NaN anyway.
inline float largest_of(const float* x, int count) {
  const Vector lowest = Vector::broadcast(-__builtin_inff());
  Vector largest = lowest;
  for (int k = 0; k < count; k += Vector::kLanes) {
    const Vector::Mask mask = Vector::first(count - k);
    largest = larger(select(mask, Vector::load(x + k, mask), lowest), largest);
  }
  return maximum(largest);
}

}  // namespace
}  // namespace lstm::kernels
