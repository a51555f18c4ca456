// 16 floats in an AVX-512 register. Only for files compiled for AVX-512.
#pragma once

#include <immintrin.h>

namespace lstm::kernels {
namespace {

struct Vector {
  static constexpr int kWidth = 16;
  static constexpr int kTileRows = 6;            // 6 x 4 accumulators, 4 of B, the rest for broadcasts
  static constexpr int kSideBySide = 6;          // vectors that activations go through together
  static constexpr int kPieceBytes = 32 * 1024;  // of 48 KB of first-level cache

  __m512 v;

  static Vector load(const float* p) noexcept { return {_mm512_loadu_ps(p)}; }
  static Vector all(float x) noexcept { return {_mm512_set1_ps(x)}; }
  void store(float* p) const noexcept { _mm512_storeu_ps(p, v); }
  static Vector load_part(const float* p, int n) noexcept {
    return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p)};
  }
  void store_part(float* p, int n) const noexcept {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v);
  }
};

inline Vector operator+(Vector a, Vector b) noexcept {
  return {_mm512_add_ps(a.v, b.v)};
}
inline Vector operator-(Vector a, Vector b) noexcept {
  return {_mm512_sub_ps(a.v, b.v)};
}
inline Vector operator*(Vector a, Vector b) noexcept {
  return {_mm512_mul_ps(a.v, b.v)};
}
inline Vector multiply_add(Vector a, Vector b, Vector c) noexcept {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
// c - a * b
inline Vector negative_multiply_add(Vector a, Vector b, Vector c) noexcept {
  return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
}
// The smaller (larger) of limit and x; x where x is not a number.
inline Vector at_most(Vector limit, Vector x) noexcept {
  return {_mm512_min_ps(limit.v, x.v)};
}
inline Vector at_least(Vector limit, Vector x) noexcept {
  return {_mm512_max_ps(limit.v, x.v)};
}
// x * 2^n for integers n
inline Vector times_power_of_two(Vector x, Vector n) noexcept {
  return {_mm512_scalef_ps(x.v, n.v)};
}
// 1 / x for 2^-100 < x < 2^100, to one unit in the last place: an estimate of 14 bits and one step of Newton.
inline Vector reciprocal(Vector x) noexcept {
  const __m512 estimate = _mm512_rcp14_ps(x.v);
  const __m512 error = _mm512_fnmadd_ps(x.v, estimate, _mm512_set1_ps(1.0f));
  return {_mm512_fmadd_ps(estimate, error, estimate)};
}

// rows[r] lane c becomes rows[c] lane r.
inline void transpose(Vector (&rows)[16]) noexcept {
  __m512 t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(rows[i].v, rows[i + 1].v);
    t[i + 1] = _mm512_unpackhi_ps(rows[i].v, rows[i + 1].v);
  }
  __m512 s[16];
  for (int i = 0; i < 16; i += 4) {
    s[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    s[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
    s[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    s[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_f32x4(s[i], s[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(s[i], s[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(s[i + 8], s[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(s[i + 8], s[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    rows[i].v = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
    rows[i + 4].v = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88);
    rows[i + 8].v = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
    rows[i + 12].v = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

}  // namespace
}  // namespace lstm::kernels
