// An 8 x 8 matrix of floats in AVX registers. Only for files compiled for AVX2.
#pragma once

#include <immintrin.h>

namespace lstm::kernels {
namespace {

// rows[r] lane c becomes rows[c] lane r.
inline void transpose_8x8(__m256 (&rows)[8]) noexcept {
  __m256 a[8], b[8];
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    a[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {  // b[i + j]: column j of each 4 x 4 block in rows i..i+3
    b[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44);
    b[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xee);
    b[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44);
    b[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xee);
  }
  for (int j = 0; j < 4; ++j) {
    rows[j] = _mm256_permute2f128_ps(b[j], b[j + 4], 0x20);
    rows[j + 4] = _mm256_permute2f128_ps(b[j], b[j + 4], 0x31);
  }
}

}  // namespace
}  // namespace lstm::kernels
