// Logistic function and hyperbolic tangent of a Vector, to about 4e-7. Included after one of vector_*.h.
//
// Both are short on purpose: a row of 16 units needs five of them, and they run on the ports that the
// multiply-adds of the products want.
#pragma once

namespace lstm::kernels {
namespace {

constexpr float kLog2E = 1.44269504088896340736f;

// 1 / (1 + 2^y) with y = -x log2(e) = n + f, n an integer and -1/2 <= f <= 1/2. Adding 1.5 * 2^23 leaves n in
// the lowest bits. 2^f is the minimax polynomial of degree 5 (relative error 7.5e-8).
inline Vector sigmoid(Vector x) noexcept {
  const Vector rounder = Vector::all(0x1.8p23f);
  const Vector scale = Vector::all(-kLog2E);
  x = at_most(Vector::all(88.0f), at_least(Vector::all(-88.0f), x));
  const Vector n = multiply_add(x, scale, rounder) - rounder;
  const Vector f = multiply_add(x, scale, Vector::all(0.0f) - n);
  Vector p = Vector::all(0x1.5c08e6p-10f);
  p = multiply_add(p, f, Vector::all(0x1.3d0c54p-7f));
  p = multiply_add(p, f, Vector::all(0x1.c6b6e4p-5f));
  p = multiply_add(p, f, Vector::all(0x1.ebf918p-3f));
  p = multiply_add(p, f, Vector::all(0x1.62e428p-1f));
  p = multiply_add(p, f, Vector::all(0x1.000002p+0f));
  return reciprocal(times_power_of_two(p, n) + Vector::all(1.0f));
}

// x P(x^2) / Q(x^2), the minimax approximation of degrees 5 and 3 on |x| <= 8 (relative error 1.9e-8). Behind
// that it rises above one, where it is cut off: a saturated unit has exactly +-1, and a gradient of zero.
inline Vector hyperbolic_tangent(Vector x) noexcept {
  x = at_most(Vector::all(8.5f), at_least(Vector::all(-8.5f), x));
  const Vector y = x * x;
  Vector p = Vector::all(0x1.9d927ap-36f);
  p = multiply_add(p, y, Vector::all(-0x1.f93c92p-27f));
  p = multiply_add(p, y, Vector::all(0x1.4b7956p-17f));
  p = multiply_add(p, y, Vector::all(0x1.875d06p-9f));
  p = multiply_add(p, y, Vector::all(0x1.09d088p-3f));
  p = multiply_add(p, y, Vector::all(1.0f));
  Vector q = Vector::all(0x1.f173ccp-13f);
  q = multiply_add(q, y, Vector::all(0x1.89ac7cp-6f));
  q = multiply_add(q, y, Vector::all(0x1.da3d8ep-2f));
  q = multiply_add(q, y, Vector::all(1.0f));
  return at_most(Vector::all(1.0f), at_least(Vector::all(-1.0f), x * p * reciprocal(q)));
}

}  // namespace
}  // namespace lstm::kernels
