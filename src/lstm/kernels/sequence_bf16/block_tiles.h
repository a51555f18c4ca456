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

#include "kernels/sequence/unroll.h"
#include "kernels/sequence_bf16/block_product.h"

namespace lstm::kernels {
namespace {

class Multiplier {
 public:
  static constexpr int kMostRows = 32;
  static constexpr int kTileRows = 16;
  static constexpr int kPieceTiles =
      16;  // of K, of all parts, that stay in the first-level cache (48 KB where there is AMX)
  static constexpr bool kStoresAtOnce = true;  // of a panel, behind the last turn
  static constexpr bool kAddsInputsInSteps = true;

  // How often block() calls `between`.
  static int turns(int /*rows*/, int k_tiles) noexcept { return k_tiles; }

  // c (+)= the sum of `count` products, for `rows` rows (1..kMostRows) and one panel.
  template <int kParts, Stays kStays, class Between>
  void block(int rows, const BlockProduct* products, int count, float* c, std::size_t c_row, bool accumulates,
             Between between) noexcept {
    tiles_.configure(rows);
    memory_changed();
    const std::size_t c_bytes = c_row * sizeof(float);
    if (rows > 16) {
      start<0, 1>(c, c_bytes, accumulates);
      start<2, 3>(c + 16 * c_row, c_bytes, accumulates);
      for (int i = 0; i < count; ++i) add_rows_32<kParts, kStays>(products[i], between);
      finish<2, 3>(c + 16 * c_row, c_bytes);
    } else {
      start<0, 1>(c, c_bytes, accumulates);
      for (int i = 0; i < count; ++i) add_rows_16<kParts, kStays>(products[i], between);
    }
    finish<0, 1>(c, c_bytes);
    memory_changed();
  }

 private:
  template <int kTile, Stays kStays>
  LSTM_INLINE void load_left(const Bf16* p, std::size_t row_bytes) noexcept {
    if constexpr (kStays == Stays::left) {
      tiles_.template load<kTile>(p, row_bytes);
    } else {
      tiles_.template load_passing<kTile>(p, row_bytes);
    }
  }
  template <int kTile, Stays kStays>
  LSTM_INLINE void load_right(const Bf16* p) noexcept {
    if constexpr (kStays == Stays::right) {
      tiles_.template load<kTile>(p, 64);
    } else {
      tiles_.template load_passing<kTile>(p, 64);
    }
  }
  template <int kParts, Stays kStays, class Between>
  LSTM_INLINE void add_rows_32(const BlockProduct& product, Between& between) noexcept {
    const LeftBlock& a = product.a;
    const std::size_t a_bytes = a.row * sizeof(Bf16), a_part = a.step / kParts;
    const Bf16 *left = a.start, *b = product.b;
    for (int k = 0; k < product.k_tiles; ++k, left += a.step, b += kParts * bf16::kStepElements) {
      load_right<6, kStays>(b + (kParts - 1) * bf16::kStepElements);
      load_left<4, kStays>(left, a_bytes);
      load_right<7, kStays>(b + (kParts - 1) * bf16::kStepElements + bf16::kTileElements);
      load_left<5, kStays>(left + a.tile, a_bytes);
      multiply_rows_32();
      if constexpr (kParts == 2) {
        load_right<6, kStays>(b);
        load_right<7, kStays>(b + bf16::kTileElements);
        multiply_rows_32();
        load_left<4, kStays>(left + a_part, a_bytes);
        load_left<5, kStays>(left + a.tile + a_part, a_bytes);
        multiply_rows_32();
      }
      between();
    }
  }
  template <int kParts, Stays kStays, class Between>
  LSTM_INLINE void add_rows_16(const BlockProduct& product, Between& between) noexcept {
    const LeftBlock& a = product.a;
    const std::size_t a_bytes = a.row * sizeof(Bf16), a_part = a.step / kParts;
    const Bf16 *left = a.start, *b = product.b;
    for (int k = 0; k < product.k_tiles; ++k, left += a.step, b += kParts * bf16::kStepElements) {
      load_left<4, kStays>(left, a_bytes);
      if constexpr (kParts == 2) {
        load_right<6, kStays>(b + bf16::kStepElements);
        tiles_.template dot<0, 4, 6>();
        load_right<7, kStays>(b + bf16::kStepElements + bf16::kTileElements);
        tiles_.template dot<1, 4, 7>();
      }
      load_right<6, kStays>(b);
      tiles_.template dot<0, 4, 6>();
      load_right<7, kStays>(b + bf16::kTileElements);
      tiles_.template dot<1, 4, 7>();
      if constexpr (kParts == 2) {
        load_left<4, kStays>(left + a_part, a_bytes);
        tiles_.template dot<0, 4, 6>();
        tiles_.template dot<1, 4, 7>();
      }
      between();
    }
  }
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
