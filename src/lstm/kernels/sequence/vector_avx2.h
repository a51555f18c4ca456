// 8 floats in an AVX register. Only for files compiled for AVX2 and FMA.
#pragma once

#include <immintrin.h>

#include "kernels/simd/transpose_avx2.h"

namespace lstm::kernels {
namespace {

struct Vector {
  static constexpr int kWidth = 8;
  static constexpr int kTileRows = 3;            // 3 x 4 accumulators, 3 broadcasts, 1 of B: all 16 registers
  static constexpr int kSideBySide = 4;          // vectors that activations go through together
  static constexpr int kPieceBytes = 20 * 1024;  // of 32 KB of first-level cache

  __m256 v;

  static Vector load(const float* p) noexcept { return {_mm256_loadu_ps(p)}; }
  static Vector all(float x) noexcept { return {_mm256_set1_ps(x)}; }
  void store(float* p) const noexcept { _mm256_storeu_ps(p, v); }
  static __m256i lanes_below(int n) noexcept {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Vector load_part(const float* p, int n) noexcept { return {_mm256_maskload_ps(p, lanes_below(n))}; }
  void store_part(float* p, int n) const noexcept { _mm256_maskstore_ps(p, lanes_below(n), v); }
};

inline Vector operator+(Vector a, Vector b) noexcept {
  return {_mm256_add_ps(a.v, b.v)};
}
inline Vector operator-(Vector a, Vector b) noexcept {
  return {_mm256_sub_ps(a.v, b.v)};
}
inline Vector operator*(Vector a, Vector b) noexcept {
  return {_mm256_mul_ps(a.v, b.v)};
}
inline Vector multiply_add(Vector a, Vector b, Vector c) noexcept {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
// c - a * b
inline Vector negative_multiply_add(Vector a, Vector b, Vector c) noexcept {
  return {_mm256_fnmadd_ps(a.v, b.v, c.v)};
}
// The smaller (larger) of limit and x; x where x is not a number.
inline Vector at_most(Vector limit, Vector x) noexcept {
  return {_mm256_min_ps(limit.v, x.v)};
}
inline Vector at_least(Vector limit, Vector x) noexcept {
  return {_mm256_max_ps(limit.v, x.v)};
}
// x * 2^n for integers -127 < n < 128
inline Vector times_power_of_two(Vector x, Vector n) noexcept {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127));
  return x * Vector{_mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23))};
}
inline Vector reciprocal(Vector x) noexcept {
  return {_mm256_div_ps(_mm256_set1_ps(1.0f), x.v)};
}

// rows[r] lane c becomes rows[c] lane r.
inline void transpose(Vector (&rows)[8]) noexcept {
  __m256 registers[8];
  for (int i = 0; i < 8; ++i) registers[i] = rows[i].v;
  transpose_8x8(registers);
  for (int i = 0; i < 8; ++i) rows[i].v = registers[i];
}

}  // namespace
}  // namespace lstm::kernels
