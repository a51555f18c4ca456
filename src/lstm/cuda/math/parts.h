// Numbers as fraction * 2^exponent, for probabilities of thousands of steps: nothing underflows, and errors
// stay relative, while in log space a float of -3000 is off by 1e-4. As in kernels/ctc/ctc_vector.h.
#pragma once

#include <cmath>

#include "cuda/math/host_device.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

// The fraction is in [1, 2), or 0, or not finite.
struct alignas(8) Parts {
  float fraction;
  int exponent;
};

// Smaller than any that probabilities reach, and still far from overflow when some are added.
constexpr int kExponentOfZero = -(1 << 28);
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

// a b / total, where that is at most about 1.
LSTM_HOST_DEVICE inline float share(Parts a, Parts b, Parts total) {
  const int exponent = a.exponent + b.exponent - total.exponent;
  return a.fraction * b.fraction / total.fraction * power_of_two(exponent < 0 ? exponent : 0) *
         (exponent > 0 ? static_cast<float>(1u << (exponent < 30 ? exponent : 30)) : 1.0f);
}

LSTM_HOST_DEVICE inline double log_of(Parts x) {
  return (log2(static_cast<double>(x.fraction)) + x.exponent) * 0.6931471805599453;
}

}  // namespace lstm::cuda
