// The 16-bit number formats of operands, and how fp32 is rounded to them: to nearest, ties to even.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

#include "cuda/math/host_device.h"

namespace lstm::cuda {

// Stored like CUDA's __nv_bfloat16 and __half, which need CUDA's headers.
struct Bf16 {
  std::uint16_t bits = 0;
};
struct Fp16 {
  std::uint16_t bits = 0;
};

LSTM_HOST_DEVICE inline std::uint32_t bits_of(float x) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(x);
#else
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
#endif
}

LSTM_HOST_DEVICE inline float from_bits(std::uint32_t bits) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(bits);
#else
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
#endif
}

// What the conversions of the CPU share: `bits` without its last `dropped` bits, rounded.
LSTM_HOST_DEVICE inline std::uint32_t round_off(std::uint32_t bits, int dropped) {
  const std::uint32_t half = 1u << (dropped - 1), is_odd = (bits >> dropped) & 1u;
  return (bits + half - 1u + is_odd) >> dropped;
}

template <class T>
LSTM_HOST_DEVICE T rounded(float x);

template <>
LSTM_HOST_DEVICE inline float rounded<float>(float x) {
  return x;
}

template <>
LSTM_HOST_DEVICE inline Bf16 rounded<Bf16>(float x) {
#ifdef __CUDA_ARCH__
  return {__bfloat16_as_ushort(__float2bfloat16_rn(x))};
#else
  const std::uint32_t bits = bits_of(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {0x7fff};  // NaN, as the GPU writes it
  return {static_cast<std::uint16_t>(round_off(bits, 16))};
#endif
}

template <>
LSTM_HOST_DEVICE inline Fp16 rounded<Fp16>(float x) {
#ifdef __CUDA_ARCH__
  return {__half_as_ushort(__float2half_rn(x))};
#else
  const std::uint32_t sign = bits_of(x) >> 31 << 15, bits = bits_of(x) & 0x7fffffffu;
  if (bits > 0x7f800000u) return {0x7fff};
  if (bits >= 0x477ff000u) return {static_cast<std::uint16_t>(sign | 0x7c00u)};  // 65520 and more: infinity
  std::uint32_t half = 0;
  if (bits >= 0x38800000u) {  // 2^-14 and more: the exponent's bias is 15 instead of 127
    half = round_off(bits - (112u << 23), 13);
  } else if (bits >= 0x33000000u) {  // subnormal, in units of 2^-24
    const int dropped = 126 - static_cast<int>(bits >> 23);
    half = round_off((bits & 0x7fffffu) | 0x800000u, dropped);
  }
  return {static_cast<std::uint16_t>(sign | half)};
#endif
}

LSTM_HOST_DEVICE inline float to_float(float x) {
  return x;
}
LSTM_HOST_DEVICE inline float to_float(Bf16 x) {
  return from_bits(static_cast<std::uint32_t>(x.bits) << 16);
}
LSTM_HOST_DEVICE inline float to_float(Fp16 x) {
#ifdef __CUDA_ARCH__
  return __half2float(__ushort_as_half(x.bits));
#else
  const std::uint32_t sign = static_cast<std::uint32_t>(x.bits >> 15) << 31, bits = x.bits & 0x7fffu;
  if (bits >= 0x7c00u) return from_bits(sign | 0x7f800000u | (bits & 0x3ffu) << 13);
  if (bits >= 0x400u) return from_bits(sign | ((bits << 13) + (112u << 23)));
  const float magnitude = static_cast<float>(bits) * from_bits(0x33800000u);  // 2^-24
  return from_bits(sign | bits_of(magnitude));
#endif
}

}  // namespace lstm::cuda
