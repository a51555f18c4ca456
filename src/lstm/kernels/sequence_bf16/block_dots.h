// A block of up to 32 rows x 32 columns, multiplied by dot products of pairs (VDPBF16PS), with the interface
// of block_tiles.h. Included after a Vector with its Words.
//
// Idea: 8 rows x 2 vectors of sums stay in registers over all of K; a pair of elements of K is two loads of
// the panel and one broadcast a row for two products each. Of operands in two parts: four loads, and two
// broadcasts a row for six products.
#pragma once

#include "kernels/sequence/unroll.h"
#include "kernels/sequence_bf16/block_product.h"

namespace lstm::kernels {
namespace {

template <int kParts, int kRows>
inline void multiply_rows(int first, const BlockProduct* products, int count, float* c, std::size_t c_row,
                          bool accumulates) noexcept {
  Vector sums[kRows][2];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    sums[r][0] = accumulates ? Vector::load(c + r * c_row) : Vector::all(0.0f);
    sums[r][1] = accumulates ? Vector::load(c + r * c_row + 16) : Vector::all(0.0f);
  }
  for (int i = 0; i < count; ++i) {
    const BlockProduct& product = products[i];
    const std::size_t a_row = product.a.row, a_step = product.a.step, a_part = a_step / kParts;
    const Bf16 *a = product.a.start + (first / 16) * product.a.tile + (first % 16) * a_row, *b = product.b;
    for (int k = 0; k < product.k_tiles; ++k, a += a_step, b += kParts * bf16::kStepElements) {
#pragma GCC unroll 2
      for (int pair = 0; pair < 16; ++pair) {
        Words right[kParts][2];
#pragma GCC unroll 2
        for (int part = 0; part < kParts; ++part) {
          right[part][0] = Words::load(b + part * bf16::kStepElements + pair * 32);
          right[part][1] = Words::load(b + part * bf16::kStepElements + bf16::kTileElements + pair * 32);
        }
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          const Bf16* from = a + r * a_row + 2 * pair;
          const Words left = Words::pair(from);
          if constexpr (kParts == 2) {
            sums[r][0] = dot(sums[r][0], left, right[1][0]);
            sums[r][1] = dot(sums[r][1], left, right[1][1]);
          }
          sums[r][0] = dot(sums[r][0], left, right[0][0]);
          sums[r][1] = dot(sums[r][1], left, right[0][1]);
          if constexpr (kParts == 2) {
            const Words rest = Words::pair(from + a_part);
            sums[r][0] = dot(sums[r][0], rest, right[0][0]);
            sums[r][1] = dot(sums[r][1], rest, right[0][1]);
          }
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    sums[r][0].store(c + r * c_row);
    sums[r][1].store(c + r * c_row + 16);
  }
}

class Multiplier {
 public:
  static constexpr int kMostRows = 32;
  static constexpr int kTileRows = 8;
  // Of K, of all parts, that stay in the first-level cache: of rows, of a panel.
  static constexpr int kPieceTiles = 12, kPanelPieceTiles = 12;
  static constexpr int kRowsOfGates = Words::kSideBySide / 4;  // turned into gates at once
  static constexpr bool kStoresAtOnce = false;
  static constexpr bool kAddsInputsInSteps = true;
  static constexpr bool kFetchesAhead = false;
  static constexpr bool kStoresPastCaches = false;

  // How often block() calls `between`: behind each register tile.
  static int turns(int rows, int /*k_tiles*/) noexcept { return (rows + kTileRows - 1) / kTileRows; }

  // c (+)= the sum of `count` products, for `rows` rows (1..kMostRows) and one panel.
  template <int kParts, Stays, class Between>
  void block(int rows, const BlockProduct* products, int count, float* c, std::size_t c_row, bool accumulates,
             Between between) noexcept {
    for (int first = 0; first < rows; first += kTileRows) {
      const int height = rows - first < kTileRows ? rows - first : kTileRows;
      float* to = c + static_cast<std::size_t>(first) * c_row;
      with_constant<kTileRows>(height, [&](auto tile_rows) {
        multiply_rows<kParts, decltype(tile_rows){}>(first, products, count, to, c_row, accumulates);
      });
      between(NoProducts{});
    }
  }
};

}  // namespace
}  // namespace lstm::kernels
