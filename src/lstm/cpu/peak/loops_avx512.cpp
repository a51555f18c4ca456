#include <immintrin.h>

#include "cpu/peak/loops.h"

namespace lstm::cpu {

void fp32_flops_avx512(long iterations) noexcept {
  volatile float source = 0.5f;  // read anew each time, so that the compiler knows no two sums to be equal
  __m512 sums[24];
#pragma GCC unroll 24
  for (__m512& sum : sums) sum = _mm512_set1_ps(source);
  const __m512 factor = _mm512_set1_ps(source), term = _mm512_set1_ps(source);
  for (long i = 0; i < iterations; ++i) {
#pragma GCC unroll 24
    for (int j = 0; j < 24; ++j) sums[j] = _mm512_fmadd_ps(sums[j], factor, term);
  }
#pragma GCC unroll 24
  for (int j = 1; j < 24; ++j) sums[0] = _mm512_add_ps(sums[0], sums[j]);
  source = _mm512_cvtss_f32(sums[0]);
}

void fp64_flops_avx512(long iterations) noexcept {
  volatile double source = 0.5;  // read anew each time, so that the compiler knows no two sums to be equal
  __m512d sums[24];
#pragma GCC unroll 24
  for (__m512d& sum : sums) sum = _mm512_set1_pd(source);
  const __m512d factor = _mm512_set1_pd(source), term = _mm512_set1_pd(source);
  for (long i = 0; i < iterations; ++i) {
#pragma GCC unroll 24
    for (int j = 0; j < 24; ++j) sums[j] = _mm512_fmadd_pd(sums[j], factor, term);
  }
#pragma GCC unroll 24
  for (int j = 1; j < 24; ++j) sums[0] = _mm512_add_pd(sums[0], sums[j]);
  source = _mm512_cvtsd_f64(sums[0]);
}

float read_avx512(const float* buffer, std::size_t count) noexcept {
  __m512 sums[8] = {};
  for (std::size_t i = 0; i < count; i += 8 * 16) {
#pragma GCC unroll 8
    for (std::size_t j = 0; j < 8; ++j) sums[j] = _mm512_add_ps(sums[j], _mm512_load_ps(buffer + i + j * 16));
  }
#pragma GCC unroll 8
  for (std::size_t j = 1; j < 8; ++j) sums[0] = _mm512_add_ps(sums[0], sums[j]);
  return _mm512_cvtss_f32(sums[0]);
}

}  // namespace lstm::cpu
