// One AVX-512 register of floats, under the same names as vector_avx2.h: kernels that are written once for
// both include the one that matches their flags. In an anonymous namespace, so that no other file can end up
// with code for an instruction set it does not expect.
#pragma once

#include <immintrin.h>

namespace lstm::kernels {
namespace {

constexpr float kExponentOfZero = -1e9f;

struct Vector {
  static constexpr int kLanes = 16;
  using Mask = __mmask16;

  __m512 v;

  static Vector zero() { return {_mm512_setzero_ps()}; }
  static Vector broadcast(float x) { return {_mm512_set1_ps(x)}; }
  static Vector load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Vector load(const float* p, Mask mask) { return {_mm512_maskz_loadu_ps(mask, p)}; }  // 0 elsewhere
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  void store(float* p, Mask mask) const { _mm512_mask_storeu_ps(p, mask, v); }

  // The first `count` lanes, 0 <= count; all where it is kLanes or more.
  static Mask first(long count) {
    return count >= kLanes ? Mask{0xffff} : static_cast<Mask>((1u << count) - 1u);
  }
};

inline Vector operator+(Vector a, Vector b) {
  return {_mm512_add_ps(a.v, b.v)};
}
inline Vector operator-(Vector a, Vector b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
inline Vector operator*(Vector a, Vector b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
inline Vector operator/(Vector a, Vector b) {
  return {_mm512_div_ps(a.v, b.v)};
}
// a * b + c and c - a * b, rounded once.
inline Vector multiply_add(Vector a, Vector b, Vector c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
inline Vector negative_multiply_add(Vector a, Vector b, Vector c) {
  return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
}
inline Vector square_root(Vector a) {
  return {_mm512_sqrt_ps(a.v)};
}
// Where a or b is NaN: b.
inline Vector larger(Vector a, Vector b) {
  return {_mm512_max_ps(a.v, b.v)};
}
inline Vector smaller(Vector a, Vector b) {
  return {_mm512_min_ps(a.v, b.v)};
}
inline Vector::Mask is_less(Vector a, Vector b) {
  return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ);
}
inline Vector select(Vector::Mask mask, Vector yes, Vector no) {
  return {_mm512_mask_blend_ps(mask, no.v, yes.v)};
}
inline Vector round_to_nearest(Vector a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
// a * 2^n for whole n <= 127; 0 where n < -126, or thereabouts.
inline Vector scale(Vector a, Vector n) {
  return {_mm512_scalef_ps(a.v, n.v)};
}
// x = fraction * 2^exponent for x >= 0: fraction in [1, 2), or 0 with the exponent kExponentOfZero.
struct Parts {
  Vector fraction, exponent;
};
inline Parts split(Vector x) {
  const __m512 exponent = _mm512_max_ps(_mm512_set1_ps(kExponentOfZero), _mm512_getexp_ps(x.v));
  return {{_mm512_scalef_ps(x.v, _mm512_sub_ps(_mm512_setzero_ps(), exponent))}, {exponent}};
}
// table[index[i]] where the mask has lane i, else 0.
inline Vector gather(const float* table, const int* index, Vector::Mask mask) {
  const __m512i where = _mm512_maskz_loadu_epi32(mask, index);
  return {_mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, where, table, 4)};
}
inline float sum(Vector a) {
  return _mm512_reduce_add_ps(a.v);
}
inline float maximum(Vector a) {
  return _mm512_reduce_max_ps(a.v);
}

inline void prefetch(const float* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}

// rows[i] lane j becomes rows[j] lane i.
inline void transpose(Vector (&rows)[16]) {
  __m512 a[16], b[16];
  for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_ps(rows[i].v, rows[i + 1].v);
    a[i + 1] = _mm512_unpackhi_ps(rows[i].v, rows[i + 1].v);
  }
  const auto low = [](__m512 x, __m512 y) {
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
  };
  const auto high = [](__m512 x, __m512 y) {
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
  };
  for (int i = 0; i < 16; i += 4) {  // b[i + j]: column j of each 4 x 4 block in rows i..i+3
    b[i] = low(a[i], a[i + 2]);
    b[i + 1] = high(a[i], a[i + 2]);
    b[i + 2] = low(a[i + 1], a[i + 3]);
    b[i + 3] = high(a[i + 1], a[i + 3]);
  }
  for (int j = 0; j < 4; ++j) {
    const __m512 top_even = _mm512_shuffle_f32x4(b[j], b[j + 4], 0x88);
    const __m512 top_odd = _mm512_shuffle_f32x4(b[j], b[j + 4], 0xdd);
    const __m512 bottom_even = _mm512_shuffle_f32x4(b[j + 8], b[j + 12], 0x88);
    const __m512 bottom_odd = _mm512_shuffle_f32x4(b[j + 8], b[j + 12], 0xdd);
    rows[j].v = _mm512_shuffle_f32x4(top_even, bottom_even, 0x88);
    rows[j + 8].v = _mm512_shuffle_f32x4(top_even, bottom_even, 0xdd);
    rows[j + 4].v = _mm512_shuffle_f32x4(top_odd, bottom_odd, 0x88);
    rows[j + 12].v = _mm512_shuffle_f32x4(top_odd, bottom_odd, 0xdd);
  }
}

}  // namespace
}  // namespace lstm::kernels
