// sigmoid and tanh of one register of floats, within 1e-6 of the true value, relatively, wherever that is no
// subnormal number. To be included after vector_avx2.h or vector_avx512.h. NaN gives NaN, infinities the
// limits.
#pragma once

#include "kernels/simd/exponential.h"

namespace lstm::kernels {
namespace {

inline Vector negative_of_absolute(Vector x) {
  return smaller(Vector::zero() - x, x);
}

// Both sides by e^-|x|, which never overflows: 1 / (1 + e^-x) and e^x / (1 + e^x).
inline Vector sigmoid(Vector x) {
  const Vector one = Vector::broadcast(1.0f);
  const Vector e = exponential_of_negative(negative_of_absolute(x));
  return select(is_less(x, Vector::zero()), e, one) / (one + e);
}

// (1 - e^-2|x|) / (1 + e^-2|x|) cancels near zero: there the polynomial of Cephes' tanhf.
inline Vector hyperbolic_tangent(Vector x) {
  const Vector one = Vector::broadcast(1.0f);
  const Vector minus = negative_of_absolute(x);
  const Vector e = exponential_of_negative(minus + minus);
  const Vector absolute = (one - e) / (one + e);
  const Vector far = select(is_less(x, Vector::zero()), Vector::zero() - absolute, absolute);
  const Vector square = x * x;
  Vector p = Vector::broadcast(-5.70498872745e-3f);
  p = multiply_add(p, square, Vector::broadcast(2.06390887954e-2f));
  p = multiply_add(p, square, Vector::broadcast(-5.37397155531e-2f));
  p = multiply_add(p, square, Vector::broadcast(1.33314422036e-1f));
  p = multiply_add(p, square, Vector::broadcast(-3.33332819422e-1f));
  const Vector near = multiply_add(p * square, x, x);
  return select(is_less(square, Vector::broadcast(0.390625f)), near, far);
}

}  // namespace
}  // namespace lstm::kernels
