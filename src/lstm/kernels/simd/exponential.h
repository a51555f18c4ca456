// exp over Vector (simd/vector_avx2.h or vector_avx512.h, included before).
#pragma once

namespace lstm::kernels {
namespace {

// exp(x) = result.fraction * 2^result.exponent, where the fraction is about 0.7 to 1.4: the range of floats
// does not bound it. Relative error below 2e-7 for |x| up to 1e6; polynomial and constants of Cephes' expf.
inline Parts exponential_parts(Vector x) {
  const Vector n = round_to_nearest(x * Vector::broadcast(1.44269504088896341f));
  Vector r = negative_multiply_add(n, Vector::broadcast(0.693359375f), x);
  r = negative_multiply_add(n, Vector::broadcast(-2.12194440e-4f), r);
  Vector p = Vector::broadcast(1.9875691500e-4f);
  p = multiply_add(p, r, Vector::broadcast(1.3981999507e-3f));
  p = multiply_add(p, r, Vector::broadcast(8.3334519073e-3f));
  p = multiply_add(p, r, Vector::broadcast(4.1665795894e-2f));
  p = multiply_add(p, r, Vector::broadcast(1.6666665459e-1f));
  p = multiply_add(p, r, Vector::broadcast(5.0000001201e-1f));
  p = multiply_add(p, r * r, r);
  return {p + Vector::broadcast(1.0f), n};
}

// exp(x) for x <= 0; NaN stays NaN, results below the smallest normal float may be 0.
inline Vector exponential_of_negative(Vector x) {
  const Parts parts = exponential_parts(larger(Vector::broadcast(-1000.0f), x));
  return scale(parts.fraction, parts.exponent);
}

}  // namespace
}  // namespace lstm::kernels
