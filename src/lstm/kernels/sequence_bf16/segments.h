// tanh and the logistic function in 16 segments of |x|, a cubic for each, whose coefficients are looked up in
// registers. Included after a Vector with its Words, where those have look_up().
//
// Idea: beside the products of AMX one port is left for floats of 512 bits, while permutations have one of
// their own. A cubic takes five or six operations with floats, a quotient of polynomials twice as many.
//
// Errors: 3e-5 of tanh, and of the logistic function beside 1/2; where that saturates it is exactly 0 or 1.
#pragma once

#include "kernels/sequence/unroll.h"

namespace lstm::kernels {
namespace {

constexpr int kSegments = 16;

// f(x) for 0 <= x <= most; segment i lies about i / scale.
struct Segments {
  float most, scale;
  alignas(64) float coefficients[4][kSegments];  // of x^0 to x^3
};

constexpr double exponential(double x) {
  // e^(x / 64) by its series, to the 64th power
  double sum = 1, term = 1;
  for (int i = 1; i < 20; ++i) sum += term *= x / 64 / i;
  for (int i = 0; i < 6; ++i) sum *= sum;
  return sum;
}
// tanh(x) / x for x > 0, and tanh(x / 2) / 2
constexpr double tanh_by_x(double x) {
  return (1 - 2 / (exponential(2 * x) + 1)) / x;
}
constexpr double half_tanh_of_half(double x) {
  return 0.5 - 1 / (exponential(x) + 1);
}

// The cubics through f at each segment's Chebyshev nodes, whose errors are close to the least.
constexpr Segments segments_of(double (*f)(double), double most) {
  constexpr double kNodes[] = {-0.92387953251128674, -0.38268343236508977, 0.38268343236508977,
                               0.92387953251128674};
  const double scale = (kSegments - 1) / most;
  Segments result{static_cast<float>(most), static_cast<float>(scale), {}};
  for (int i = 0; i < kSegments; ++i) {
    const double first = i == 0 ? 0 : (i - 0.5) / scale;
    const double last = i == kSegments - 1 ? most : (i + 0.5) / scale;
    double x[4] = {}, differences[4] = {};  // divided, of f
    for (int n = 0; n < 4; ++n) {
      x[n] = (first + last) / 2 + (last - first) / 2 * kNodes[n];
      differences[n] = f(x[n]);
    }
    for (int order = 1; order < 4; ++order) {
      for (int n = 3; n >= order; --n) {
        differences[n] = (differences[n] - differences[n - 1]) / (x[n] - x[n - order]);
      }
    }
    // Newton's form, multiplied out from its end.
    double c[4] = {differences[3], 0, 0, 0};
    for (int n = 2; n >= 0; --n) {
      for (int power = 3; power > 0; --power) c[power] = c[power - 1] - x[n] * c[power];
      c[0] = differences[n] - x[n] * c[0];
    }
    for (int power = 0; power < 4; ++power) result.coefficients[power][i] = static_cast<float>(c[power]);
  }
  return result;
}
// `value` in the last segment.
constexpr Segments saturating(Segments segments, float value) {
  for (float* coefficient : {segments.coefficients[1], segments.coefficients[2], segments.coefficients[3]}) {
    coefficient[kSegments - 1] = 0;
  }
  segments.coefficients[0][kSegments - 1] = value;
  return segments;
}

constexpr Segments kTanhByX = segments_of(tanh_by_x, 5.6);
constexpr Segments kHalfTanhOfHalf = saturating(segments_of(half_tanh_of_half, 11.5), 0.5f);

// y = f(|x|), and |x|, cut off. meanwhile() is called in the middle. x that is not a number stays so.
template <int kCount, class Of, class Meanwhile>
LSTM_INLINE inline void by_segments(const Vector (&x)[kCount], Vector (&y)[kCount], Vector (&cut)[kCount],
                                    Of of, Meanwhile meanwhile) noexcept {
  Vector segment[kCount];
  unroll<kCount>([&](auto i) LSTM_INLINE { cut[i] = at_most(Vector::all(of(i).most), magnitude(x[i])); });
  // Its lowest bits are the number of the segment.
  unroll<kCount>([&](auto i) LSTM_INLINE {
    segment[i] = multiply_add(cut[i], Vector::all(of(i).scale), Vector::all(0x1p23f));
  });
  const auto coefficient = [&](int i, int power)
                               LSTM_INLINE { return look_up(of(i).coefficients[power], segment[i]); };
  unroll<kCount>([&](auto i)
                     LSTM_INLINE { y[i] = multiply_add(coefficient(i, 3), cut[i], coefficient(i, 2)); });
  meanwhile();
  unroll<kCount>([&](auto i) LSTM_INLINE { y[i] = multiply_add(y[i], cut[i], coefficient(i, 1)); });
  unroll<kCount>([&](auto i) LSTM_INLINE { y[i] = multiply_add(y[i], cut[i], coefficient(i, 0)); });
}

}  // namespace
}  // namespace lstm::kernels
