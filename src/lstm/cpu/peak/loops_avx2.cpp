#include <immintrin.h>

#include "cpu/peak/loops.h"

namespace lstm::cpu {

void fp32_flops_avx2(long iterations) noexcept {
  volatile float source = 0.5f;  // read anew each time, so that the compiler knows no two sums to be equal
  __m256 sums[12];
#pragma GCC unroll 12
  for (__m256& sum : sums) sum = _mm256_set1_ps(source);
  const __m256 factor = _mm256_set1_ps(source), term = _mm256_set1_ps(source);
  for (long i = 0; i < iterations; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) sums[j] = _mm256_fmadd_ps(sums[j], factor, term);
  }
#pragma GCC unroll 12
  for (int j = 1; j < 12; ++j) sums[0] = _mm256_add_ps(sums[0], sums[j]);
  source = _mm256_cvtss_f32(sums[0]);
}

void fp64_flops_avx2(long iterations) noexcept {
  volatile double source = 0.5;  // read anew each time, so that the compiler knows no two sums to be equal
  __m256d sums[12];
#pragma GCC unroll 12
  for (__m256d& sum : sums) sum = _mm256_set1_pd(source);
  const __m256d factor = _mm256_set1_pd(source), term = _mm256_set1_pd(source);
  for (long i = 0; i < iterations; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) sums[j] = _mm256_fmadd_pd(sums[j], factor, term);
  }
#pragma GCC unroll 12
  for (int j = 1; j < 12; ++j) sums[0] = _mm256_add_pd(sums[0], sums[j]);
  source = _mm256_cvtsd_f64(sums[0]);
}

float read_avx2(const float* buffer, std::size_t count) noexcept {
  __m256 sums[8] = {};
  for (std::size_t i = 0; i < count; i += 8 * 8) {
#pragma GCC unroll 8
    for (std::size_t j = 0; j < 8; ++j) sums[j] = _mm256_add_ps(sums[j], _mm256_load_ps(buffer + i + j * 8));
  }
#pragma GCC unroll 8
  for (std::size_t j = 1; j < 8; ++j) sums[0] = _mm256_add_ps(sums[0], sums[j]);
  return _mm256_cvtss_f32(sums[0]);
}

}  // namespace lstm::cpu
