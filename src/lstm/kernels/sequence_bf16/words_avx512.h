// 32 numbers in bf16 in an AVX-512 register, beside the 16 floats of a Vector. For files compiled for
// AVX-512, with or without AVX512-BF16.
#pragma once

#include <immintrin.h>

#include "kernels/sequence/vector_avx512.h"

namespace lstm::kernels {
namespace {

// The only register of a Vector.
struct Register : Vector {
  static constexpr int kTileRows = 11;  // 11 x 2 sums, 2 of the panel, the rest for broadcasts

  static Register load(const float* p) noexcept { return {Vector::load(p)}; }
  static Register all(float x) noexcept { return {Vector::all(x)}; }
};
inline Register multiply_add(Register a, Register b, Register c) noexcept {
  return {Vector{_mm512_fmadd_ps(a.v, b.v, c.v)}};
}

// To nearest, ties to even; subnormal numbers to zero; quiet NaN.
inline __m256i rounded(Vector x) noexcept {
#ifdef __AVX512BF16__
  return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x.v));
#else
  const __m512i bits = _mm512_castps_si512(x.v);
  const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
  const __m512i upper = _mm512_srli_epi32(bits, 16);
  const __mmask16 is_nan = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
  const __mmask16 is_subnormal = _mm512_cmplt_epi32_mask(magnitude, _mm512_set1_epi32(0x00800000));
  const __m512i up =
      _mm512_add_epi32(_mm512_set1_epi32(0x7fff), _mm512_and_si512(upper, _mm512_set1_epi32(1)));
  __m512i result = _mm512_srli_epi32(_mm512_add_epi32(bits, up), 16);
  result = _mm512_mask_or_epi32(result, is_nan, upper, _mm512_set1_epi32(0x40));
  result = _mm512_mask_and_epi32(result, is_subnormal, upper, _mm512_set1_epi32(0x8000));
  return _mm512_cvtepi32_epi16(result);
#endif
}

struct Words {
  static constexpr int kSideBySide = 8;  // Vectors that activations go through together
  static constexpr bool kLooksUp = true;

  __m512i v;

  static Words zero() noexcept { return {_mm512_setzero_si512()}; }
  static Words load(const std::uint16_t* p) noexcept { return {_mm512_loadu_si512(p)}; }
  void store(std::uint16_t* p) const noexcept { _mm512_storeu_si512(p, v); }
  // To memory, without keeping the line in a cache; see complete_stores().
  void store_past_caches(std::uint16_t* p) const noexcept {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(p), v);
  }
  // The pair at p, 16 times.
  static Words pair(const std::uint16_t* p) noexcept {
    int both;
    __builtin_memcpy(&both, p, sizeof both);
    return {_mm512_set1_epi32(both)};
  }
  // 32 floats, rounded.
  static Words round(Vector low, Vector high) noexcept {
#ifdef __AVX512BF16__
    return {reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high.v, low.v))};
#else
    return {_mm512_inserti64x4(_mm512_castsi256_si512(rounded(low)), rounded(high), 1)};
#endif
  }
};

// Other threads that see what is stored from now on see what store_past_caches() has stored, too.
inline void complete_stores() noexcept {
  _mm_sfence();
}

// a[0], b[0], a[1], b[1], ... of the lower halves, and of the upper ones.
inline void interleave(Words a, Words b, Words& low, Words& high) noexcept {
  // Within each 128 bits the first four of each 8 pairs, and the last four.
  const __m512i first = _mm512_unpacklo_epi16(a.v, b.v), last = _mm512_unpackhi_epi16(a.v, b.v);
  low.v = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), last);
  high.v = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), last);
}

// As 16 pairs: rows[r] pair c becomes rows[c] pair r.
inline void transpose_pairs(Words (&rows)[16]) noexcept {
  Vector moved[16];
  for (int i = 0; i < 16; ++i) moved[i].v = _mm512_castsi512_ps(rows[i].v);
  transpose(moved);
  for (int i = 0; i < 16; ++i) rows[i].v = _mm512_castps_si512(moved[i].v);
}

inline Vector widen(const std::uint16_t* p) noexcept {
  const __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(words, 16))};
}
// x rounded to bf16
inline Vector nearest(Vector x) noexcept {
  const __m512i words = _mm512_cvtepu16_epi32(rounded(x));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(words, 16))};
}
// Floats that lie where 32 numbers in bf16 would.
inline Vector load_floats(const std::uint16_t* p) noexcept {
  return {_mm512_loadu_ps(p)};
}
inline Words floats_as_words(Vector x) noexcept {
  return {_mm512_castps_si512(x.v)};
}
// The first numbers of 16 pairs, and the second ones.
inline Vector first_of_pairs(Words pairs) noexcept {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(pairs.v, 16))};
}
inline Vector second_of_pairs(Words pairs) noexcept {
  return {_mm512_castsi512_ps(_mm512_and_si512(pairs.v, _mm512_set1_epi32(static_cast<int>(0xffff0000u))))};
}
#ifdef __AVX512BF16__
// sum + a * b, where each lane adds the products of a pair.
inline Vector dot(Vector sum, Words a, Words b) noexcept {
  return {_mm512_dpbf16_ps(sum.v, reinterpret_cast<__m512bh>(a.v), reinterpret_cast<__m512bh>(b.v))};
}
#endif
// sum + both numbers of each of 16 pairs, in the order of VDPBF16PS
inline Vector add_pairs(Vector sum, Words pairs) noexcept {
#ifdef __AVX512BF16__
  return dot(sum, pairs, {_mm512_set1_epi16(0x3f80)});  // ones
#else
  return sum + second_of_pairs(pairs) + first_of_pairs(pairs);
#endif
}
inline void store_rounded(Vector x, std::uint16_t* p) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), rounded(x));
}
inline Vector magnitude(Vector x) noexcept {
  return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x.v), _mm512_set1_epi32(0x7fffffff)))};
}
// y where x >= 0, else -y
inline Vector with_sign_of(Vector x, Vector y) noexcept {
  const __m512i sign = _mm512_set1_epi32(static_cast<int>(0x80000000u));
  return {_mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(y.v), _mm512_castps_si512(x.v),
                                                        sign, 0x78))};  // y ^ (x & sign)
}
// Of each lane the element that its lowest four bits have.
inline Vector look_up(const float (&table)[16], Vector where) noexcept {
  return {_mm512_permutexvar_ps(_mm512_castps_si512(where.v), _mm512_load_ps(table))};
}
// The first n lanes, and zeros.
inline Vector first_lanes(Vector x, int n) noexcept {
  return {_mm512_maskz_mov_ps(static_cast<__mmask16>((1u << n) - 1), x.v)};
}

}  // namespace
}  // namespace lstm::kernels
