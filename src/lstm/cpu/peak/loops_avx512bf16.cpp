#include <immintrin.h>

#include "cpu/peak/loops.h"

namespace lstm::cpu {

void bf16_flops_avx512bf16(long iterations) noexcept {
  constexpr int kSums = 24;
  volatile float source = 0.0f;  // read anew each time, so that the compiler knows no two sums to be equal
  __m512 sums[kSums];
#pragma GCC unroll 24
  for (__m512& sum : sums) sum = _mm512_set1_ps(source);
  const __m512 numbers = _mm512_set1_ps(source);
  const __m512bh factor = _mm512_cvtne2ps_pbh(numbers, numbers);
  for (long i = 0; i < iterations; ++i) {
#pragma GCC unroll 24
    for (int j = 0; j < kSums; ++j) sums[j] = _mm512_dpbf16_ps(sums[j], factor, factor);
  }
#pragma GCC unroll 24
  for (int j = 1; j < kSums; ++j) sums[0] = _mm512_add_ps(sums[0], sums[j]);
  source = _mm512_cvtss_f32(sums[0]);
}

}  // namespace lstm::cpu
