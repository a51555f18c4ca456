// One AVX2 register of floats, under the same names as vector_avx512.h (see there).
#pragma once

#include <immintrin.h>

#include "kernels/simd/transpose_avx2.h"

namespace lstm::kernels {
namespace {

constexpr float kExponentOfZero = -1e9f;

struct Vector {
  static constexpr int kLanes = 8;
  struct Mask {
    __m256i m;
  };

  __m256 v;

  static Vector zero() { return {_mm256_setzero_ps()}; }
  static Vector broadcast(float x) { return {_mm256_set1_ps(x)}; }
  static Vector load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Vector load(const float* p, Mask mask) { return {_mm256_maskload_ps(p, mask.m)}; }  // 0 elsewhere
  void store(float* p) const { _mm256_storeu_ps(p, v); }
  void store(float* p, Mask mask) const { _mm256_maskstore_ps(p, mask.m, v); }

  // The first `count` lanes, 0 <= count; all where it is kLanes or more.
  static Mask first(long count) {
    const int lanes = count >= kLanes ? kLanes : static_cast<int>(count);
    return {_mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))};
  }
};

inline Vector operator+(Vector a, Vector b) {
  return {_mm256_add_ps(a.v, b.v)};
}
inline Vector operator-(Vector a, Vector b) {
  return {_mm256_sub_ps(a.v, b.v)};
}
inline Vector operator*(Vector a, Vector b) {
  return {_mm256_mul_ps(a.v, b.v)};
}
inline Vector operator/(Vector a, Vector b) {
  return {_mm256_div_ps(a.v, b.v)};
}
// a * b + c and c - a * b, rounded once.
inline Vector multiply_add(Vector a, Vector b, Vector c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
inline Vector negative_multiply_add(Vector a, Vector b, Vector c) {
  return {_mm256_fnmadd_ps(a.v, b.v, c.v)};
}
inline Vector square_root(Vector a) {
  return {_mm256_sqrt_ps(a.v)};
}
// Where a or b is NaN: b.
inline Vector larger(Vector a, Vector b) {
  return {_mm256_max_ps(a.v, b.v)};
}
inline Vector smaller(Vector a, Vector b) {
  return {_mm256_min_ps(a.v, b.v)};
}
inline Vector::Mask is_less(Vector a, Vector b) {
  return {_mm256_castps_si256(_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ))};
}
inline Vector select(Vector::Mask mask, Vector yes, Vector no) {
  return {_mm256_blendv_ps(no.v, yes.v, _mm256_castsi256_ps(mask.m))};
}
inline Vector round_to_nearest(Vector a) {
  return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
// a * 2^n for whole n <= 127; 0 where n < -126.
inline Vector scale(Vector a, Vector n) {
  const __m256i whole = _mm256_cvtps_epi32(_mm256_max_ps(n.v, _mm256_set1_ps(-127.0f)));
  const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(whole, _mm256_set1_epi32(127)), 23);
  return {_mm256_mul_ps(a.v, _mm256_castsi256_ps(power))};
}
// x = fraction * 2^exponent for x >= 0: fraction in [1, 2), or 0 with the exponent kExponentOfZero.
struct Parts {
  Vector fraction, exponent;
};
inline Parts split(Vector x) {
  const __m256i bits = _mm256_castps_si256(x.v);
  const __m256 is_zero = _mm256_cmp_ps(x.v, _mm256_set1_ps(0x1p-126f), _CMP_LT_OQ);
  const __m256i exponent = _mm256_sub_epi32(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(127));
  const __m256i fraction =
      _mm256_or_si256(_mm256_and_si256(bits, _mm256_set1_epi32(0x7fffff)), _mm256_set1_epi32(0x3f800000));
  const __m256 nan = _mm256_sub_ps(x.v, x.v);  // where x is NaN or infinite, else 0
  return {{_mm256_add_ps(_mm256_andnot_ps(is_zero, _mm256_castsi256_ps(fraction)), nan)},
          {_mm256_blendv_ps(_mm256_cvtepi32_ps(exponent), _mm256_set1_ps(kExponentOfZero), is_zero)}};
}
// table[index[i]] where the mask has lane i, else 0.
inline Vector gather(const float* table, const int* index, Vector::Mask mask) {
  const __m256i where = _mm256_maskload_epi32(index, mask.m);
  return {_mm256_mask_i32gather_ps(_mm256_setzero_ps(), table, where, _mm256_castsi256_ps(mask.m), 4)};
}
inline float sum(Vector a) {
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
}
inline float maximum(Vector a) {
  const __m128 half = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  const __m128 pair = _mm_max_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_max_ss(pair, _mm_movehdup_ps(pair)));
}

inline void prefetch(const float* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}

// rows[i] lane j becomes rows[j] lane i.
inline void transpose(Vector (&rows)[8]) {
  __m256 registers[8];
  for (int i = 0; i < 8; ++i) registers[i] = rows[i].v;
  transpose_8x8(registers);
  for (int i = 0; i < 8; ++i) rows[i].v = registers[i];
}

}  // namespace
}  // namespace lstm::kernels
