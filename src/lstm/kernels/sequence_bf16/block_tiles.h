// A block of up to 32 rows x 32 columns, multiplied by tiles. Included after one of tiles_*.h.
//
// Idea: four tiles of sums, two of the left operand and two of the right: four products for four loads, and
// the 52 cycles of a product's latency hide behind three others. Between the products there is room on the
// other ports, for `between`. It lies between each two products, for these wait in line, and what stands
// behind several in a row waits as well.
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
  // Of K, of all parts, that stay in the first-level cache (48 KB where there is AMX): of rows, of a panel.
  static constexpr int kPieceTiles = 16, kPanelPieceTiles = 20;
  static constexpr int kRowsOfGates = 1;       // turned into gates at once
  static constexpr bool kStoresAtOnce = true;  // of a panel, behind the last turn
  static constexpr bool kAddsInputsInSteps = true;
  static constexpr bool kFetchesAhead = true;      // panels and sums that are needed next
  static constexpr bool kStoresPastCaches = true;  // gates

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
    const bf16::ConstRows& a = product.a;
    const std::size_t a_bytes = a.row * sizeof(Bf16), a_part = a.step / kParts;
    const Bf16 *left = a.start, *b = product.b;
    for (int k = 0; k < product.k_tiles; ++k, left += a.step, b += kParts * bf16::kStepElements) {
      between([&](auto i) LSTM_INLINE {
        constexpr int kProducts = decltype(i){};
        if constexpr (kProducts == 0) {
          load_right<6, kStays>(b + (kParts - 1) * bf16::kStepElements);
          load_left<4, kStays>(left, a_bytes);
          load_right<7, kStays>(b + (kParts - 1) * bf16::kStepElements + bf16::kTileElements);
          load_left<5, kStays>(left + a.tile, a_bytes);
        }
        if constexpr (kParts == 1) {
          row_32_product<kProducts>();
        } else if constexpr (kProducts == 0) {
          row_32_product<0>();
          row_32_product<1>();
          row_32_product<2>();
        } else if constexpr (kProducts == 1) {
          row_32_product<3>();
          load_right<6, kStays>(b);
          load_right<7, kStays>(b + bf16::kTileElements);
          row_32_product<0>();
          row_32_product<1>();
        } else if constexpr (kProducts == 2) {
          row_32_product<2>();
          row_32_product<3>();
          load_left<4, kStays>(left + a_part, a_bytes);
          load_left<5, kStays>(left + a.tile + a_part, a_bytes);
          row_32_product<0>();
        } else {
          row_32_product<1>();
          row_32_product<2>();
          row_32_product<3>();
        }
      });
    }
  }
  template <int kParts, Stays kStays, class Between>
  LSTM_INLINE void add_rows_16(const BlockProduct& product, Between& between) noexcept {
    const bf16::ConstRows& a = product.a;
    const std::size_t a_bytes = a.row * sizeof(Bf16), a_part = a.step / kParts;
    const Bf16 *left = a.start, *b = product.b;
    for (int k = 0; k < product.k_tiles; ++k, left += a.step, b += kParts * bf16::kStepElements) {
      between([&](auto i) LSTM_INLINE {
        constexpr int kProducts = decltype(i){};
        if constexpr (kProducts == 0) {
          load_left<4, kStays>(left, a_bytes);
          load_right<6, kStays>(b + (kParts - 1) * bf16::kStepElements);
          load_right<7, kStays>(b + (kParts - 1) * bf16::kStepElements + bf16::kTileElements);
          row_16_product<0>();
        } else if constexpr (kProducts == 1) {
          row_16_product<1>();
        } else if constexpr (kParts == 2 && kProducts == 2) {
          load_right<6, kStays>(b);
          row_16_product<0>();
          load_right<7, kStays>(b + bf16::kTileElements);
          row_16_product<1>();
        } else if constexpr (kParts == 2) {
          load_left<4, kStays>(left + a_part, a_bytes);
          row_16_product<0>();
          row_16_product<1>();
        }
      });
    }
  }
  // Of two tiles of the left operand by two of the right.
  template <int kProduct>
  void row_32_product() noexcept {
    tiles_.template dot<kProduct, 4 + kProduct / 2, 6 + kProduct % 2>();
  }
  template <int kProduct>
  void row_16_product() noexcept {
    tiles_.template dot<kProduct, 4, 6 + kProduct>();
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
