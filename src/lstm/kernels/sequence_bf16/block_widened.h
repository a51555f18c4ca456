// A block of up to 64 rows x 32 columns, multiplied in fp32 where there are no instructions for bf16, with
// the interface of block_tiles.h. Included after a Vector with its Words and its Register.
//
// Idea: pieces of both operands are widened once, into the first-level cache, and multiplied as those of the
// fp32 engine are: a register tile of a few rows x 32 columns over all of the piece. A number in two parts is
// their sum, exactly: one product instead of three, and lo * lo is in it.
#pragma once

#include "kernels/sequence/unroll.h"
#include "kernels/sequence_bf16/block_product.h"

namespace lstm::kernels {
namespace {

constexpr int kColumnRegisters = bf16::kPanelColumns / Register::kWidth;

// c (+)= a * b, rows of a lying a_row floats apart, those of b and c 32 and c_row. Not inline: where a caller
// keeps a register for itself, sums go to memory.
template <int kRows>
[[gnu::noinline]] void multiply_floats(int k, const float* a, std::size_t a_row, const float* b, float* c,
                                       std::size_t c_row, bool accumulates) noexcept {
  Register sums[kRows][kColumnRegisters];
  const auto for_each = [&](auto body) LSTM_INLINE {
    unroll<kRows>([&](auto r) LSTM_INLINE {
      unroll<kColumnRegisters>([&](auto v) LSTM_INLINE {
        body(sums[r][v], c + r * c_row + static_cast<std::size_t>(v * Register::kWidth));
      });
    });
  };
  if (accumulates) {
    for_each([](Register& sum, const float* p) LSTM_INLINE { sum = Register::load(p); });
  } else {
    for_each([](Register& sum, const float*) LSTM_INLINE { sum = Register::all(0.0f); });
  }
  for (int i = 0; i < k; i += 2) {
    unroll<2>([&](auto j) LSTM_INLINE {
      const float* row = b + j * bf16::kPanelColumns;
      if constexpr (kRows < kColumnRegisters) {
        Register broadcast[kRows];
        unroll<kRows>([&](auto r) LSTM_INLINE { broadcast[r] = Register::all(a[r * a_row + j]); });
        unroll<kColumnRegisters>([&](auto v) LSTM_INLINE {
          const Register column = Register::load(row + v * Register::kWidth);
          unroll<kRows>([&](auto r)
                            LSTM_INLINE { sums[r][v] = multiply_add(broadcast[r], column, sums[r][v]); });
        });
      } else {
        Register columns[kColumnRegisters];
        unroll<kColumnRegisters>(
            [&](auto v) LSTM_INLINE { columns[v] = Register::load(row + v * Register::kWidth); });
        unroll<kRows>([&](auto r) LSTM_INLINE {
          const Register broadcast = Register::all(a[r * a_row + j]);
          unroll<kColumnRegisters>(
              [&](auto v) LSTM_INLINE { sums[r][v] = multiply_add(broadcast, columns[v], sums[r][v]); });
        });
      }
    });
    a += 2;
    b += 2 * bf16::kPanelColumns;
  }
  for_each([](const Register& sum, float* p) LSTM_INLINE { sum.store(p); });
}

class Multiplier {
 public:
  static constexpr int kMostRows = 64;
  static constexpr int kTileRows = Register::kTileRows;
  static constexpr int kPieceTiles = 12, kPanelPieceTiles = 12;  // of K, of all parts: what is kept widened
  static constexpr int kRowsOfGates = Words::kSideBySide / 4;    // turned into gates at once
  static constexpr bool kStoresAtOnce = false;
  static constexpr bool kAddsInputsInSteps = false;  // one left operand is kept widened, not two
  static constexpr bool kFetchesAhead = false;
  static constexpr bool kStoresPastCaches = false;

  // How often block() calls `between`: behind each piece of the panel.
  static int turns(int /*rows*/, int k_tiles) noexcept { return (k_tiles + kPanelTiles - 1) / kPanelTiles; }

  // c (+)= the sum of `count` products, for `rows` rows (1..kMostRows) and one panel. Operands stay as they
  // are while this lives.
  template <int kParts, Stays, class Between>
  void block(int rows, const BlockProduct* products, int count, float* c, std::size_t c_row, bool accumulates,
             Between between) noexcept {
    for (int i = 0; i < count; ++i) {
      const auto& [a, b, k_tiles] = products[i];
      if (k_tiles <= kKeptTiles) {
        widen_left<kParts>(rows, k_tiles, a, a.start);
      }
      for (int first = 0; first < k_tiles; first += kPanelTiles) {
        const int tiles = k_tiles - first < kPanelTiles ? k_tiles - first : kPanelTiles;
        widen_panel<kParts>(tiles, b + static_cast<std::size_t>(first * kParts) * bf16::kStepElements);
        const float* left = left_ + first * bf16::kTileK;
        if (k_tiles > kKeptTiles) {
          widen_left<kParts>(rows, tiles, a, a.start + static_cast<std::size_t>(first) * a.step);
          left = left_;
        }
        multiply(rows, tiles * bf16::kTileK, left, c, c_row, accumulates || i > 0 || first > 0);
        between(NoProducts{});
      }
    }
  }

 private:
  static constexpr int kPanelTiles = 3;  // of K: 12 KB of a panel
  static constexpr int kKeptTiles = 12;  // 96 KB of the left operand, for the panels that follow
  static constexpr std::size_t kLeftRow = kKeptTiles * bf16::kTileK + 16;  // floats; not all in the same sets

  template <int kParts>
  void widen_left(int rows, int tiles, const bf16::ConstRows& a, const Bf16* start) noexcept {
    if (start == kept_start_ && rows == kept_rows_ && tiles == kept_tiles_) return;
    kept_start_ = start;
    kept_rows_ = rows;
    kept_tiles_ = tiles;
    const std::size_t part = a.step / kParts;
    for (int r = 0; r < rows; ++r) {
      const Bf16* from =
          start + static_cast<std::size_t>(r / 16) * a.tile + static_cast<std::size_t>(r % 16) * a.row;
      float* to = left_ + static_cast<std::size_t>(r) * kLeftRow;
      for (int k = 0; k < 2 * tiles; ++k) {
        const Bf16* words = from + static_cast<std::size_t>(k / 2) * a.step + k % 2 * 16;
        Vector x = widen(words);
        if constexpr (kParts == 2) x = x + widen(words + part);
        x.store(to + k * 16);
      }
    }
  }

  template <int kParts>
  void widen_panel(int tiles, const Bf16* b) noexcept {
    float* to = panel_;
    for (int k = 0; k < tiles; ++k, b += kParts * bf16::kStepElements) {
      for (int pair = 0; pair < 16; ++pair, to += 2 * bf16::kPanelColumns) {
        for (int half = 0; half < 2; ++half) {
          const Bf16* from = b + half * bf16::kTileElements + pair * 32;
          const Words words = Words::load(from);
          Vector first = first_of_pairs(words), second = second_of_pairs(words);
          if constexpr (kParts == 2) {
            const Words rest = Words::load(from + bf16::kStepElements);
            first = first + first_of_pairs(rest);
            second = second + second_of_pairs(rest);
          }
          first.store(to + half * 16);
          second.store(to + bf16::kPanelColumns + half * 16);
        }
      }
    }
  }

  void multiply(int rows, int k, const float* left, float* c, std::size_t c_row,
                bool accumulates) const noexcept {
    const int row_tiles = (rows + kTileRows - 1) / kTileRows;
    int first = 0;
    for (int i = 0; i < row_tiles; ++i) {  // of nearly the same height
      const int height = (rows - first + row_tiles - i - 1) / (row_tiles - i);
      const auto at = static_cast<std::size_t>(first);
      with_constant<kTileRows>(height, [&](auto tile_rows) LSTM_INLINE {
        multiply_floats<decltype(tile_rows){}>(k, left + at * kLeftRow, kLeftRow, panel_, c + at * c_row,
                                               c_row, accumulates);
      });
      first += height;
    }
  }

  alignas(64) float left_[kMostRows * kLeftRow];
  alignas(64) float panel_[kPanelTiles * bf16::kTileK * bf16::kPanelColumns];
  const Bf16* kept_start_ = nullptr;  // of what left_ holds
  int kept_rows_ = 0, kept_tiles_ = 0;
};

}  // namespace
}  // namespace lstm::kernels
