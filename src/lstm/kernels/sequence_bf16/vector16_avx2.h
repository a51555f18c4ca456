// 16 floats in two AVX registers, and 32 numbers in bf16 in two more. Only for files compiled for AVX2 and
// FMA.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/simd/transpose_avx2.h"

namespace lstm::kernels {
namespace {

// One register of a Vector.
struct Register {
  static constexpr int kWidth = 8;
  static constexpr int kTileRows = 3;  // 3 x 4 sums, 3 broadcasts, 1 of the panel: all 16 registers

  __m256 v;

  static Register load(const float* p) noexcept { return {_mm256_loadu_ps(p)}; }
  static Register all(float x) noexcept { return {_mm256_set1_ps(x)}; }
  void store(float* p) const noexcept { _mm256_storeu_ps(p, v); }
};
inline Register multiply_add(Register a, Register b, Register c) noexcept {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}

struct Vector {
  static constexpr int kWidth = 16;

  __m256 low, high;

  static Vector load(const float* p) noexcept { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Vector all(float x) noexcept { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  void store(float* p) const noexcept {
    _mm256_storeu_ps(p, low);
    _mm256_storeu_ps(p + 8, high);
  }
  // Lanes `first`.. that are below n.
  static __m256i lanes_below(int n, int first) noexcept {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n - first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Vector load_part(const float* p, int n) noexcept {
    return {_mm256_maskload_ps(p, lanes_below(n, 0)), _mm256_maskload_ps(p + 8, lanes_below(n, 8))};
  }
  void store_part(float* p, int n) const noexcept {
    _mm256_maskstore_ps(p, lanes_below(n, 0), low);
    _mm256_maskstore_ps(p + 8, lanes_below(n, 8), high);
  }
};

inline Vector operator+(Vector a, Vector b) noexcept {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
inline Vector operator-(Vector a, Vector b) noexcept {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
inline Vector operator*(Vector a, Vector b) noexcept {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
inline Vector multiply_add(Vector a, Vector b, Vector c) noexcept {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
// c - a * b
inline Vector negative_multiply_add(Vector a, Vector b, Vector c) noexcept {
  return {_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
}
// The smaller (larger) of limit and x; x where x is not a number.
inline Vector at_most(Vector limit, Vector x) noexcept {
  return {_mm256_min_ps(limit.low, x.low), _mm256_min_ps(limit.high, x.high)};
}
inline Vector at_least(Vector limit, Vector x) noexcept {
  return {_mm256_max_ps(limit.low, x.low), _mm256_max_ps(limit.high, x.high)};
}
// x * 2^n for integers -127 < n < 128
inline Vector times_power_of_two(Vector x, Vector n) noexcept {
  const auto power = [](__m256 exponent) {
    const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(exponent), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  };
  return x * Vector{power(n.low), power(n.high)};
}
inline Vector reciprocal(Vector x) noexcept {
  const __m256 one = _mm256_set1_ps(1.0f);
  return {_mm256_div_ps(one, x.low), _mm256_div_ps(one, x.high)};
}
// rows[r] lane c becomes rows[c] lane r.
inline void transpose(Vector (&rows)[16]) noexcept {
  __m256 quarters[4][8];  // upper left, upper right, lower left, lower right
  for (int r = 0; r < 8; ++r) {
    quarters[0][r] = rows[r].low;
    quarters[1][r] = rows[r].high;
    quarters[2][r] = rows[8 + r].low;
    quarters[3][r] = rows[8 + r].high;
  }
  for (auto& quarter : quarters) transpose_8x8(quarter);
  for (int r = 0; r < 8; ++r) {
    rows[r] = {quarters[0][r], quarters[2][r]};
    rows[8 + r] = {quarters[1][r], quarters[3][r]};
  }
}
// The first n lanes, and zeros.
inline Vector first_lanes(Vector x, int n) noexcept {
  return {_mm256_and_ps(x.low, _mm256_castsi256_ps(Vector::lanes_below(n, 0))),
          _mm256_and_ps(x.high, _mm256_castsi256_ps(Vector::lanes_below(n, 8)))};
}

// As VCVTNEPS2BF16, in the lower half of each lane: to nearest, ties to even; subnormal numbers to zero;
// quiet NaN.
inline __m256i rounded(__m256 x) noexcept {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
  const __m256i upper = _mm256_srli_epi32(bits, 16);
  const __m256i is_nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f800000));
  const __m256i is_subnormal = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x00800000), magnitude);
  const __m256i up =
      _mm256_add_epi32(_mm256_set1_epi32(0x7fff), _mm256_and_si256(upper, _mm256_set1_epi32(1)));
  __m256i result = _mm256_srli_epi32(_mm256_add_epi32(bits, up), 16);
  result = _mm256_blendv_epi8(result, _mm256_or_si256(upper, _mm256_set1_epi32(0x40)), is_nan);
  return _mm256_blendv_epi8(result, _mm256_and_si256(upper, _mm256_set1_epi32(0x8000)), is_subnormal);
}
// The lower halves of 16 lanes, in order.
inline __m256i lower_halves(__m256i low, __m256i high) noexcept {
  return _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xd8);
}
inline __m256i rounded(Vector x) noexcept {
  return lower_halves(rounded(x.low), rounded(x.high));
}
// 16 numbers in bf16 as floats.
inline Vector widened(__m256i words) noexcept {
  const __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(words));
  const __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(words, 1));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(low, 16)), _mm256_castsi256_ps(_mm256_slli_epi32(high, 16))};
}

struct Words {
  static constexpr int kSideBySide = 4;  // Vectors that activations go through together
  static constexpr bool kLooksUp = false;

  __m256i low, high;

  static Words zero() noexcept { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static Words load(const std::uint16_t* p) noexcept {
    const auto* from = reinterpret_cast<const __m256i*>(p);
    return {_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
  }
  void store(std::uint16_t* p) const noexcept {
    auto* to = reinterpret_cast<__m256i*>(p);
    _mm256_storeu_si256(to, low);
    _mm256_storeu_si256(to + 1, high);
  }
  void store_past_caches(std::uint16_t* p) const noexcept { store(p); }
  // 32 floats, rounded.
  static Words round(Vector low, Vector high) noexcept { return {rounded(low), rounded(high)}; }
};

inline void complete_stores() noexcept {}

// a[0], b[0], a[1], b[1], ... of the lower halves, and of the upper ones.
inline void interleave(Words a, Words b, Words& low, Words& high) noexcept {
  const auto pairs = [](__m256i even, __m256i odd) -> Words {
    const __m256i first = _mm256_unpacklo_epi16(even, odd), second = _mm256_unpackhi_epi16(even, odd);
    return {_mm256_permute2x128_si256(first, second, 0x20), _mm256_permute2x128_si256(first, second, 0x31)};
  };
  low = pairs(a.low, b.low);
  high = pairs(a.high, b.high);
}

// As 16 pairs: rows[r] pair c becomes rows[c] pair r.
inline void transpose_pairs(Words (&rows)[16]) noexcept {
  Vector moved[16];
  for (int i = 0; i < 16; ++i)
    moved[i] = {_mm256_castsi256_ps(rows[i].low), _mm256_castsi256_ps(rows[i].high)};
  transpose(moved);
  for (int i = 0; i < 16; ++i)
    rows[i] = {_mm256_castps_si256(moved[i].low), _mm256_castps_si256(moved[i].high)};
}

inline Vector widen(const std::uint16_t* p) noexcept {
  return widened(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
// The first numbers of 16 pairs, and the second ones.
inline Vector first_of_pairs(Words pairs) noexcept {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(pairs.low, 16)),
          _mm256_castsi256_ps(_mm256_slli_epi32(pairs.high, 16))};
}
inline Vector second_of_pairs(Words pairs) noexcept {
  const __m256i upper = _mm256_set1_epi32(static_cast<int>(0xffff0000u));
  return {_mm256_castsi256_ps(_mm256_and_si256(pairs.low, upper)),
          _mm256_castsi256_ps(_mm256_and_si256(pairs.high, upper))};
}
// x rounded to bf16
inline Vector nearest(Vector x) noexcept {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(rounded(x.low), 16)),
          _mm256_castsi256_ps(_mm256_slli_epi32(rounded(x.high), 16))};
}
// Floats that lie where 32 numbers in bf16 would.
inline Vector load_floats(const std::uint16_t* p) noexcept {
  const Words words = Words::load(p);
  return {_mm256_castsi256_ps(words.low), _mm256_castsi256_ps(words.high)};
}
inline Words floats_as_words(Vector x) noexcept {
  return {_mm256_castps_si256(x.low), _mm256_castps_si256(x.high)};
}
// sum + both numbers of each of 16 pairs, in the order of VDPBF16PS
inline Vector add_pairs(Vector sum, Words pairs) noexcept {
  return sum + second_of_pairs(pairs) + first_of_pairs(pairs);
}
inline void store_rounded(Vector x, std::uint16_t* p) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), rounded(x));
}

}  // namespace
}  // namespace lstm::kernels
