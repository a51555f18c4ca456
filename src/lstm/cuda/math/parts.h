// Numbers as fraction * 2^exponent, for probabilities of thousands of steps: nothing underflows, and errors
// stay relative, while in log space a float of -3000 is off by 1e-4. As in kernels/ctc/ctc_vector.h.
#pragma once

#include <cmath>

#include "cuda/math/host_device.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

// The fraction is in [1, 2), or 0, or not finite; of numbers that steps leave "loose" it is at least 1, or 0,
// or not finite. Rounding does not depend on it: loose numbers have the values that others have.
struct alignas(8) Parts {
  float fraction;
  int exponent;
};

// Smaller than any that probabilities reach, and still far from overflow when some are added.
constexpr int kExponentOfZero = -(1 << 28);
// Far below kExponentOfZero: sums of loose numbers leave out what has it, whatever its fraction.
constexpr int kExponentOfNothing = -(1 << 30);
// Logits so far (base 2) below their row's largest have the probability 0.
constexpr float kLeastLog2 = -1e6f;

LSTM_HOST_DEVICE inline Parts zero_parts() {
  return {0.0f, kExponentOfZero};
}

// 2^exponent for an exponent of 0 or less; 0 below -126.
LSTM_HOST_DEVICE inline float power_of_two(int exponent) {
  return exponent < -126 ? 0.0f : from_bits(static_cast<std::uint32_t>(exponent + 127) << 23);
}

// The fraction of any size >= 0, with its exponent -> Parts.
LSTM_HOST_DEVICE inline Parts normalised(float fraction, int exponent) {
  if (fraction == 0.0f) return zero_parts();
  const std::uint32_t bits = bits_of(fraction);
  const int shift = static_cast<int>(bits >> 23 & 0xffu) - 127;
  if (shift == 128 || shift == -127)
    return {fraction, exponent};  // not finite; subnormal, which no sum here is
  return {from_bits((bits & 0x807fffffu) | 0x3f800000u), exponent + shift};
}

// (a + b + c) * d
LSTM_HOST_DEVICE inline Parts sum_times(Parts a, Parts b, Parts c, Parts d) {
  int e = a.exponent > b.exponent ? a.exponent : b.exponent;
  e = e > c.exponent ? e : c.exponent;
  const float sum = a.fraction * power_of_two(a.exponent - e) + b.fraction * power_of_two(b.exponent - e) +
                    c.fraction * power_of_two(c.exponent - e);
  return normalised(sum * d.fraction, e + d.exponent);
}

// For steps of a recursion, with few instructions one behind the other: loose sums of loose numbers with
// fractions far below 2^100. Exponents lie between kExponentOfZero and 0, roughly, and do not overflow.
LSTM_HOST_DEVICE inline int larger_of(int a, int b) {
  return a > b ? a : b;
}
// x in units of 2^exponent, which is not below its own.
LSTM_HOST_DEVICE inline float in_units(Parts x, int exponent) {
  constexpr std::uint32_t kOne = 0x3f800000u;  // 1.0f
  const int shift = larger_of(x.exponent - exponent, -127);
  return x.fraction * from_bits((static_cast<std::uint32_t>(shift) << 23) + kOne);  // 2^shift, or 0
}
LSTM_HOST_DEVICE inline Parts loose_sum(Parts a, Parts b) {
  const int e = larger_of(a.exponent, b.exponent);
  return {in_units(a, e) + in_units(b, e), e};
}
LSTM_HOST_DEVICE inline Parts loose_sum(Parts a, Parts b, Parts c) {
  const int e = larger_of(larger_of(a.exponent, b.exponent), c.exponent);
  return {in_units(a, e) + in_units(b, e) + in_units(c, e), e};
}
LSTM_HOST_DEVICE inline Parts loose_product(Parts a, Parts b) {
  return {a.fraction * b.fraction, larger_of(a.exponent + b.exponent, kExponentOfZero)};
}
// The same number, no longer loose (a zero has nearly the exponent of zero).
LSTM_HOST_DEVICE inline Parts tightened(Parts x) {
  const std::uint32_t exponent = bits_of(x.fraction) & 0x7f800000u;
  return {x.fraction * from_bits(0x7f000000u - exponent),  // 2^-(its exponent); NaN stays NaN
          x.exponent + (static_cast<int>(exponent >> 23) - 127)};
}

LSTM_HOST_DEVICE inline Parts product(Parts a, Parts b) {
  return normalised(a.fraction * b.fraction, a.exponent + b.exponent);
}

LSTM_HOST_DEVICE inline Parts one_parts() {
  return {1.0f, 0};
}

// 2^log2
LSTM_HOST_DEVICE inline Parts exp2_parts(float log2) {
  if (log2 < kLeastLog2) return zero_parts();
  const float whole = floorf(log2);
  if (!(whole - whole == 0.0f)) return {log2 - log2, 0};  // NaN of NaN and infinity
  return normalised(exp2f(log2 - whole), static_cast<int>(whole));
}

LSTM_HOST_DEVICE inline Parts inverse(Parts x) {
  return {1.0f / x.fraction, -x.exponent};
}

// a b c as a float, where that is at most about 1.
LSTM_HOST_DEVICE inline float share(Parts a, Parts b, Parts c) {
  const int exponent = a.exponent + b.exponent + c.exponent;
  return a.fraction * b.fraction * c.fraction * power_of_two(exponent < 0 ? exponent : 0) *
         (exponent > 0 ? static_cast<float>(1u << (exponent < 30 ? exponent : 30)) : 1.0f);
}

LSTM_HOST_DEVICE inline double log_of(Parts x) {
  return (log2(static_cast<double>(x.fraction)) + x.exponent) * 0.6931471805599453;
}

}  // namespace lstm::cuda
