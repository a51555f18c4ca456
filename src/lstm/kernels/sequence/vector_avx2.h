// 8 floats in an AVX register. Only for files compiled for AVX2 and FMA.
#pragma once

#include <immintrin.h>

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
  __m256 t[8];
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(rows[i].v, rows[i + 1].v);
    t[i + 1] = _mm256_unpackhi_ps(rows[i].v, rows[i + 1].v);
  }
  __m256 s[8];
  for (int i = 0; i < 8; i += 4) {
    s[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    s[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    s[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    s[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    rows[i].v = _mm256_permute2f128_ps(s[i], s[i + 4], 0x20);
    rows[i + 4].v = _mm256_permute2f128_ps(s[i], s[i + 4], 0x31);
  }
}

}  // namespace
}  // namespace lstm::kernels
