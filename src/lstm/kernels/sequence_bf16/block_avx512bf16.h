// A block of up to 32 rows x 32 columns, multiplied by VDPBF16PS, with the interface of block_tiles.h.
//
// Idea: 8 rows x 2 vectors of sums stay in registers over all of K; a pair of elements of K is two loads of
// the panel and one broadcast a row for two products each.
#pragma once

#include <immintrin.h>

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels {
namespace {

using bf16::Bf16;

// The left operand of a block, as in bf16::Product.
struct LeftBlock {
  const Bf16* start;
  std::size_t row, tile, step;
};

template <int kRows>
inline void multiply_rows(int k_tiles, const Bf16* a, std::size_t a_row, std::size_t a_step, const Bf16* b,
                          float* c, std::size_t c_row, bool accumulates) noexcept {
  __m512 sums[kRows][2];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    sums[r][0] = accumulates ? _mm512_loadu_ps(c + r * c_row) : _mm512_setzero_ps();
    sums[r][1] = accumulates ? _mm512_loadu_ps(c + r * c_row + 16) : _mm512_setzero_ps();
  }
  for (int k = 0; k < k_tiles; ++k, a += a_step, b += bf16::kStepElements) {
#pragma GCC unroll 2
    for (int pair = 0; pair < 16; ++pair) {
      const auto left = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + pair * 32));
      const auto right = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + bf16::kTileElements + pair * 32));
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        int both;
        __builtin_memcpy(&both, a + r * a_row + 2 * pair, sizeof both);
        const auto broadcast = reinterpret_cast<__m512bh>(_mm512_set1_epi32(both));
        sums[r][0] = _mm512_dpbf16_ps(sums[r][0], broadcast, left);
        sums[r][1] = _mm512_dpbf16_ps(sums[r][1], broadcast, right);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    _mm512_storeu_ps(c + r * c_row, sums[r][0]);
    _mm512_storeu_ps(c + r * c_row + 16, sums[r][1]);
  }
}

class Multiplier {
 public:
  // c (+)= a * b for `rows` rows (1..32) and one panel. Both want the same ports: nothing runs in between.
  template <class Between>
  void block(int rows, int k_tiles, const LeftBlock& a, const Bf16* b, float* c, std::size_t c_row,
             bool accumulates, Between) noexcept {
    for (int first = 0; first < rows; first += 8) {
      const Bf16* start = a.start + (first / 16) * a.tile + (first % 16) * a.row;
      float* to = c + static_cast<std::size_t>(first) * c_row;
      const auto multiply = [&](auto function) {
        function(k_tiles, start, a.row, a.step, b, to, c_row, accumulates);
      };
      switch (rows - first) {
        case 1:
          multiply(multiply_rows<1>);
          break;
        case 2:
          multiply(multiply_rows<2>);
          break;
        case 3:
          multiply(multiply_rows<3>);
          break;
        case 4:
          multiply(multiply_rows<4>);
          break;
        case 5:
          multiply(multiply_rows<5>);
          break;
        case 6:
          multiply(multiply_rows<6>);
          break;
        case 7:
          multiply(multiply_rows<7>);
          break;
        default:
          multiply(multiply_rows<8>);
          break;
      }
    }
  }
};

}  // namespace
}  // namespace lstm::kernels
