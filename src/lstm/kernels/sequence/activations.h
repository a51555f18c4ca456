// Logistic function and hyperbolic tangent of a Vector, to about 1e-7. Included after one of vector_*.h.
#pragma once

namespace lstm::kernels {
namespace {

// e^(x * scale / log2(e)) - 1 = power * fraction + (power - 1), where 2^(x * scale) = power * (1 + fraction).
struct Exponential {
  Vector power;     // 2^n
  Vector fraction;  // 2^f - 1 for -1/2 <= f <= 1/2
};

// 2^(x * scale) for |x * scale| < 126. The polynomial is the minimax approximation of (2^f - 1) / f of degree
// 5 (relative error 1.1e-8), found by the Remez algorithm.
inline Exponential exponential(Vector x, Vector scale) noexcept {
  const Vector n = round_to_integer(x * scale);
  const Vector f = multiply_add(x, scale, Vector::all(0.0f) - n);
  Vector p = Vector::all(0x1.4308fap-13f);
  p = multiply_add(p, f, Vector::all(0x1.5f07b4p-10f));
  p = multiply_add(p, f, Vector::all(0x1.3b2ba0p-7f));
  p = multiply_add(p, f, Vector::all(0x1.c6af6ep-5f));
  p = multiply_add(p, f, Vector::all(0x1.ebfbdep-3f));
  p = multiply_add(p, f, Vector::all(0x1.62e430p-1f));
  return {power_of_two(n), p * f};
}

constexpr float kLog2E = 1.44269504088896340736f;

inline Vector sigmoid(Vector x) noexcept {
  x = at_most(Vector::all(88.0f), at_least(Vector::all(-88.0f), x));
  const Exponential e = exponential(x, Vector::all(-kLog2E));
  return reciprocal(multiply_add(e.power, e.fraction, e.power) + Vector::all(1.0f));
}

// -m / (m + 2) with m = e^(-2|x|) - 1, which keeps the relative error small around zero, and the sign of x.
inline Vector hyperbolic_tangent(Vector x) noexcept {
  const Exponential e = exponential(at_most(Vector::all(44.0f), absolute(x)), Vector::all(-2.0f * kLog2E));
  const Vector m = multiply_add(e.power, e.fraction, e.power - Vector::all(1.0f));
  return with_sign_of(x, m * reciprocal(m + Vector::all(2.0f)));
}

}  // namespace
}  // namespace lstm::kernels
