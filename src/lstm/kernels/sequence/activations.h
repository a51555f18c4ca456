// Logistic function and hyperbolic tangent of a Vector, to about 4e-7. Included after one of vector_*.h.
//
// Both are short on purpose: a row of 16 units needs five of them, and they run on the ports that the
// multiply-adds of the products want.
#pragma once

#include "kernels/sequence/unroll.h"

namespace lstm::kernels {
namespace {

constexpr float kLog2E = 1.44269504088896340736f;

// Both take several vectors and go through them side by side, operation by operation: one alone is a chain of
// some 60 cycles, and the processor does not look far enough ahead to find the next one by itself.

// 1 / (1 + 2^y) with y = -x log2(e) = n + f, n an integer and -1/2 <= f <= 1/2. Adding 1.5 * 2^23 leaves n in
// the lowest bits. 2^f is the minimax polynomial of degree 5 (relative error 7.5e-8).
template <int kCount>
LSTM_INLINE inline void sigmoid(Vector (&x)[kCount]) noexcept {
  const Vector rounder = Vector::all(0x1.8p23f);
  const Vector scale = Vector::all(-kLog2E);
  Vector n[kCount], p[kCount];
  unroll<kCount>(
      [&](auto i) LSTM_INLINE { x[i] = at_most(Vector::all(88.0f), at_least(Vector::all(-88.0f), x[i])); });
  unroll<kCount>([&](auto i) LSTM_INLINE { n[i] = multiply_add(x[i], scale, rounder) - rounder; });
  unroll<kCount>([&](auto i) LSTM_INLINE { x[i] = multiply_add(x[i], scale, Vector::all(0.0f) - n[i]); });
  unroll<kCount>([&](auto i) LSTM_INLINE {
    p[i] = multiply_add(Vector::all(0x1.5c08e6p-10f), x[i], Vector::all(0x1.3d0c54p-7f));
  });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = multiply_add(p[i], x[i], Vector::all(0x1.c6b6e4p-5f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = multiply_add(p[i], x[i], Vector::all(0x1.ebf918p-3f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = multiply_add(p[i], x[i], Vector::all(0x1.62e428p-1f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = multiply_add(p[i], x[i], Vector::all(0x1.000002p+0f)); });
  unroll<kCount>([&](auto i)
                     LSTM_INLINE { x[i] = reciprocal(times_power_of_two(p[i], n[i]) + Vector::all(1.0f)); });
}

// x P(x^2) / Q(x^2), the minimax approximation of degrees 5 and 3 on |x| <= 8 (relative error 1.9e-8). Behind
// that it rises above one, where it is cut off: a saturated unit has exactly +-1, and a gradient of zero.
template <int kCount>
LSTM_INLINE inline void hyperbolic_tangent(Vector (&x)[kCount]) noexcept {
  Vector y[kCount], p[kCount], q[kCount];
  unroll<kCount>([&](auto i)
                     LSTM_INLINE { x[i] = at_most(Vector::all(8.5f), at_least(Vector::all(-8.5f), x[i])); });
  unroll<kCount>([&](auto i) LSTM_INLINE { y[i] = x[i] * x[i]; });
  unroll<kCount>([&](auto i) LSTM_INLINE {
    q[i] = multiply_add(Vector::all(0x1.f173ccp-13f), y[i], Vector::all(0x1.89ac7cp-6f));
  });
  unroll<kCount>([&](auto i) LSTM_INLINE {
    p[i] = multiply_add(Vector::all(0x1.9d927ap-36f), y[i], Vector::all(-0x1.f93c92p-27f));
  });
  unroll<kCount>([&](auto i) LSTM_INLINE { q[i] = multiply_add(q[i], y[i], Vector::all(0x1.da3d8ep-2f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = multiply_add(p[i], y[i], Vector::all(0x1.4b7956p-17f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { q[i] = multiply_add(q[i], y[i], Vector::all(1.0f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = multiply_add(p[i], y[i], Vector::all(0x1.875d06p-9f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { q[i] = reciprocal(q[i]); });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = multiply_add(p[i], y[i], Vector::all(0x1.09d088p-3f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = x[i] * multiply_add(p[i], y[i], Vector::all(1.0f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE {
    x[i] = at_most(Vector::all(1.0f), at_least(Vector::all(-1.0f), p[i] * q[i]));
  });
}

inline Vector sigmoid(Vector x) noexcept {
  Vector one[] = {x};
  sigmoid(one);
  return one[0];
}
inline Vector hyperbolic_tangent(Vector x) noexcept {
  Vector one[] = {x};
  hyperbolic_tangent(one);
  return one[0];
}

}  // namespace
}  // namespace lstm::kernels
