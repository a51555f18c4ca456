// Activations of the bf16 steps. Included after a Vector with its Words and activations.h.
//
// Beside operands in two parts they are those of fp32. Beside one part, numbers are rounded to 2^-9 wherever
// they are kept, so a shorter approximation does: that of segments.h, and where a register holds too few
// coefficients tanh(x) = x P(x^2) / Q(x^2), minimax of degrees 5 and 4 on |x| <= 5.2 (relative error 6.5e-5
// everywhere), cut off where it reaches one. The logistic function is 1/2 + tanh(x / 2) / 2.
#pragma once

#include "kernels/sequence/activations.h"
#include "kernels/sequence_bf16/block_product.h"
#include "kernels/sequence_bf16/segments.h"

namespace lstm::kernels {
namespace {

struct Squash {
  float most;                // |x| where it saturates
  float p0, p1, p2, q1, q2;  // coefficients of P and Q; q0 is 1
};
constexpr Squash kTanh{5.1943842f,
                       0x1.fff7895963663p-1f,
                       0x1.a0f42e6c7a2b4p-4f,
                       0x1.559e69a8399ffp-11f,
                       0x1.bd2dbc2f14b74p-2f,
                       0x1.9ddd68a1c8e09p-7f};
// tanh(x / 2) / 2: x halves, and x^2 is a quarter.
constexpr Squash kLogistic{2 * kTanh.most, kTanh.p0 / 4, kTanh.p1 / 16,
                           kTanh.p2 / 64,  kTanh.q1 / 4, kTanh.q2 / 16};

// x P(x^2), Q(x^2). meanwhile() is called in the middle.
template <int kCount, class Of, class Meanwhile>
LSTM_INLINE inline void squash_parts(const Vector (&x)[kCount], Vector (&p)[kCount], Vector (&q)[kCount],
                                     Of of, Meanwhile meanwhile) noexcept {
  Vector y[kCount], cut[kCount];
  unroll<kCount>([&](auto i) LSTM_INLINE {
    cut[i] = at_most(Vector::all(of(i).most), at_least(Vector::all(-of(i).most), x[i]));
  });
  unroll<kCount>([&](auto i) LSTM_INLINE { y[i] = cut[i] * cut[i]; });
  meanwhile();
  unroll<kCount>(
      [&](auto i) LSTM_INLINE { q[i] = multiply_add(Vector::all(of(i).q2), y[i], Vector::all(of(i).q1)); });
  unroll<kCount>(
      [&](auto i) LSTM_INLINE { p[i] = multiply_add(Vector::all(of(i).p2), y[i], Vector::all(of(i).p1)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { q[i] = multiply_add(q[i], y[i], Vector::all(1.0f)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = multiply_add(p[i], y[i], Vector::all(of(i).p0)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { p[i] = p[i] * cut[i]; });
}

// The gates of some rows, i, f, g, o of one behind those of the other, from their sums. Side by side, as in
// activations.h. Meanwhile the first two products of a turn (block_product.h).
template <int kParts, int kRows, class Products>
LSTM_INLINE inline void activate_gates(Vector (&x)[4 * kRows], Products products) noexcept {
  constexpr int kCount = 4 * kRows;
  if constexpr (kParts == 1 && Words::kLooksUp) {
    const auto of = [](int i)
                        LSTM_INLINE -> const Segments& { return i % 4 == 2 ? kTanhByX : kHalfTanhOfHalf; };
    Vector y[kCount], cut[kCount];
    by_segments(x, y, cut, of, [&]() LSTM_INLINE { products(Constant<0>{}); });
    unroll<kCount>([&](auto i) LSTM_INLINE {
      if constexpr (i % 4 == 2) {
        x[i] = with_sign_of(x[i], y[i] * cut[i]);
      } else {
        x[i] = Vector::all(0.5f) + with_sign_of(x[i], y[i]);
      }
    });
    products(Constant<1>{});
  } else if constexpr (kParts == 1) {
    Vector p[kCount], q[kCount], r[kCount / 2];
    squash_parts(
        x, p, q, [](int i) LSTM_INLINE { return i % 4 == 2 ? kTanh : kLogistic; },
        [&]() LSTM_INLINE { products(Constant<0>{}); });
    // Two gates of a row share a reciprocal: 1/a = b / (ab).
    unroll<kCount / 2>([&](auto i) LSTM_INLINE { r[i] = reciprocal(q[2 * i] * q[2 * i + 1]); });
    unroll<kCount>([&](auto i) LSTM_INLINE { x[i] = r[i / 2] * q[i ^ 1]; });
    unroll<kCount>([&](auto i) LSTM_INLINE {
      x[i] = i % 4 == 2 ? p[i] * x[i] : multiply_add(p[i], x[i], Vector::all(0.5f));
    });
    products(Constant<1>{});
  } else {
    Vector logistics[3 * kRows], tanhs[kRows];
    unroll<3 * kRows>([&](auto i) LSTM_INLINE { logistics[i] = x[i / 3 * 4 + (i % 3 == 2 ? 3 : i % 3)]; });
    unroll<kRows>([&](auto i) LSTM_INLINE { tanhs[i] = x[4 * i + 2]; });
    sigmoid(logistics);
    products(Constant<0>{});
    hyperbolic_tangent(tanhs);
    products(Constant<1>{});
    unroll<3 * kRows>([&](auto i) LSTM_INLINE { x[i / 3 * 4 + (i % 3 == 2 ? 3 : i % 3)] = logistics[i]; });
    unroll<kRows>([&](auto i) LSTM_INLINE { x[4 * i + 2] = tanhs[i]; });
  }
}
// tanh of cells' states. meanwhile() is called in the middle.
template <int kParts, int kCount, class Meanwhile>
LSTM_INLINE inline void activate_cells(Vector (&x)[kCount], Meanwhile meanwhile) noexcept {
  if constexpr (kParts == 1 && Words::kLooksUp) {
    Vector y[kCount], cut[kCount];
    by_segments(
        x, y, cut, [](int) LSTM_INLINE -> const Segments& { return kTanhByX; }, meanwhile);
    unroll<kCount>([&](auto i) LSTM_INLINE { x[i] = with_sign_of(x[i], y[i] * cut[i]); });
  } else if constexpr (kParts == 1) {
    Vector p[kCount], q[kCount];
    squash_parts(
        x, p, q, [](int) LSTM_INLINE { return kTanh; }, meanwhile);
    unroll<kCount>([&](auto i) LSTM_INLINE { q[i] = reciprocal(q[i]); });
    unroll<kCount>([&](auto i) LSTM_INLINE { x[i] = p[i] * q[i]; });
  } else {
    hyperbolic_tangent(x);
    meanwhile();
  }
}

}  // namespace
}  // namespace lstm::kernels
