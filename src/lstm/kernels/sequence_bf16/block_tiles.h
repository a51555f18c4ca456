// A block of up to 32 rows x 32 columns, multiplied by tiles. Included after one of tiles_*.h.
//
// Idea: four tiles of sums, two of the left operand and two of the right: four products for four loads, and
// the 52 cycles of a product's latency hide behind three others. Between the products there is room on the
// other ports: `between` runs after each 32 elements of K.
//
// Operands in two parts, x = hi + lo, take three products: hi * lo, hi * hi, lo * hi.
// In this order each step from one to the next brings new tiles for one operand only: eight loads for twelve
// products. lo * lo is beyond the precision of the parts (2^-16).
#pragma once

#include "kernels/sequence_bf16/left_block.h"

namespace lstm::kernels {
namespace {

class Multiplier {
 public:
  static constexpr int kMostRows = 32;
  static constexpr int kTileRows = 16;

  // How often block() calls `between`.
  static int turns(int /*rows*/, int k_tiles) noexcept { return k_tiles; }

  // c (+)= a * b for `rows` rows (1..kMostRows) and one panel.
  template <int kParts, class Between>
  void block(int rows, int k_tiles, const LeftBlock& a, const Bf16* b, float* c, std::size_t c_row,
             bool accumulates, Between between) noexcept {
    tiles_.configure(rows);
    memory_changed();
    const std::size_t a_bytes = a.row * sizeof(Bf16), a_part = a.step / kParts;
    const std::size_t c_bytes = c_row * sizeof(float);
    if (rows > 16) {
      start<0, 1>(c, c_bytes, accumulates);
      start<2, 3>(c + 16 * c_row, c_bytes, accumulates);
      const Bf16* left = a.start;
      for (int k = 0; k < k_tiles; ++k, left += a.step, b += kParts * bf16::kStepElements) {
        tiles_.template load<6>(b + (kParts - 1) * bf16::kStepElements, 64);
        tiles_.template load<4>(left, a_bytes);
        tiles_.template load<7>(b + (kParts - 1) * bf16::kStepElements + bf16::kTileElements, 64);
        tiles_.template load<5>(left + a.tile, a_bytes);
        multiply_rows_32();
        if constexpr (kParts == 2) {
          tiles_.template load<6>(b, 64);
          tiles_.template load<7>(b + bf16::kTileElements, 64);
          multiply_rows_32();
          tiles_.template load<4>(left + a_part, a_bytes);
          tiles_.template load<5>(left + a.tile + a_part, a_bytes);
          multiply_rows_32();
        }
        between();
      }
      finish<2, 3>(c + 16 * c_row, c_bytes);
    } else {
      start<0, 1>(c, c_bytes, accumulates);
      const Bf16* left = a.start;
      for (int k = 0; k < k_tiles; ++k, left += a.step, b += kParts * bf16::kStepElements) {
        tiles_.template load<4>(left, a_bytes);
        if constexpr (kParts == 2) {
          tiles_.template load<6>(b + bf16::kStepElements, 64);
          tiles_.template dot<0, 4, 6>();
          tiles_.template load<7>(b + bf16::kStepElements + bf16::kTileElements, 64);
          tiles_.template dot<1, 4, 7>();
        }
        tiles_.template load<6>(b, 64);
        tiles_.template dot<0, 4, 6>();
        tiles_.template load<7>(b + bf16::kTileElements, 64);
        tiles_.template dot<1, 4, 7>();
        if constexpr (kParts == 2) {
          tiles_.template load<4>(left + a_part, a_bytes);
          tiles_.template dot<0, 4, 6>();
          tiles_.template dot<1, 4, 7>();
        }
        between();
      }
    }
    finish<0, 1>(c, c_bytes);
    memory_changed();
  }

 private:
  // Two tiles of the left operand by two of the right.
  void multiply_rows_32() noexcept {
    tiles_.template dot<0, 4, 6>();
    tiles_.template dot<1, 4, 7>();
    tiles_.template dot<2, 5, 6>();
    tiles_.template dot<3, 5, 7>();
  }
  template <int kFirst, int kSecond>
  void start(const float* c, std::size_t c_bytes, bool accumulates) noexcept {
    if (accumulates) {
      tiles_.template load<kFirst>(c, c_bytes);
      tiles_.template load<kSecond>(c + 16, c_bytes);
    } else {
      tiles_.template zero<kFirst>();
      tiles_.template zero<kSecond>();
    }
  }
  template <int kFirst, int kSecond>
  void finish(float* c, std::size_t c_bytes) noexcept {
    tiles_.template store<kFirst>(c, c_bytes);
    tiles_.template store<kSecond>(c + 16, c_bytes);
  }

  Tiles tiles_;
};

}  // namespace
}  // namespace lstm::kernels
