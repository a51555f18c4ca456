// sigmoid and tanh of one register of floats, within 1e-6 of the true value, relatively, wherever that is no
// subnormal number. To be included after one of vector_avx2.h or vector_avx512.h. NaN gives NaN, infinities
// give the limits.
#pragma once

namespace lstm::kernels {
namespace {

// e^x by Cephes' expf: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial for e^r. 0 and infinity beyond what
// a float holds; the bounds keep n within what scale() takes.
inline Vector exponential(Vector x) {
  x = smaller(Vector::broadcast(150.0f), larger(Vector::broadcast(-150.0f), x));  // x second: keeps NaN
  const Vector n = round_to_nearest(x * Vector::broadcast(1.44269504088896341f));
  Vector r = negative_multiply_add(n, Vector::broadcast(0.693359375f), x);
  r = negative_multiply_add(n, Vector::broadcast(-2.12194440e-4f), r);
  Vector p = Vector::broadcast(1.9875691500e-4f);
  p = multiply_add(p, r, Vector::broadcast(1.3981999507e-3f));
  p = multiply_add(p, r, Vector::broadcast(8.3334519073e-3f));
  p = multiply_add(p, r, Vector::broadcast(4.1665795894e-2f));
  p = multiply_add(p, r, Vector::broadcast(1.6666665459e-1f));
  p = multiply_add(p, r, Vector::broadcast(5.0000001201e-1f));
  p = multiply_add(p, r * r, r + Vector::broadcast(1.0f));
  return scale(p, n);
}

inline Vector sigmoid(Vector x) {
  const Vector one = Vector::broadcast(1.0f);
  return one / (one + exponential(Vector::zero() - x));
}

// 1 - 2 / (e^2x + 1) cancels near zero: there Cephes' tanhf polynomial.
inline Vector hyperbolic_tangent(Vector x) {
  const Vector one = Vector::broadcast(1.0f), two = Vector::broadcast(2.0f);
  const Vector far = one - two / (exponential(x + x) + one);
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
