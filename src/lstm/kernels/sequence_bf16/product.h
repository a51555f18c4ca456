// Products of rows with panels. Included after one of block_*.h.
#pragma once

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels {
namespace {

constexpr int kBlockRows = Multiplier::kMostRows;

inline int smaller(int a, int b) noexcept {
  return a < b ? a : b;
}

// K in pieces, so that the rows of a block of the left operand (or a panel) stay in the first-level cache
// while panels (or rows) pass by.
constexpr int kPieceTiles = 12;  // of all parts

// Spreads pieces of work evenly over turns.
class Pace {
 public:
  Pace(int pieces, int turns) noexcept : pieces_(pieces), turns_(turns) {}

  // How many are due at the next turn.
  int next() noexcept {
    owed_ += pieces_;
    int due = 0;
    for (; owed_ >= turns_; owed_ -= turns_) ++due;
    return due;
  }

 private:
  int pieces_, turns_, owed_ = 0;
};

template <int kParts>
void multiply(const bf16::Product& p) noexcept {
  Multiplier multiplier;
  constexpr int kStep = kParts * bf16::kStepElements;
  const std::size_t panel_size = static_cast<std::size_t>(p.k_tiles) * kStep;
  const int pieces = (kParts * p.k_tiles + kPieceTiles - 1) / kPieceTiles;
  const auto sums_of = [&](int first, int panel) {
    return p.c + static_cast<std::size_t>(panel / 2) * p.c_pair + static_cast<std::size_t>(first) * p.c_row +
           panel % 2 * bf16::kPanelColumns;
  };
  // Meanwhile the sums of the block behind it, if any, come from memory.
  const auto block = [&](int first, int panel, int piece, const float* next, int next_rows) {
    const auto row = static_cast<std::size_t>(first);
    const auto first_k = static_cast<std::size_t>(p.k_tiles * piece / pieces);
    const int k_tiles = p.k_tiles * (piece + 1) / pieces - static_cast<int>(first_k);
    const int rows = smaller(p.rows - first, kBlockRows);
    const LeftBlock a{p.a + row / 16 * p.a_tile + first_k * p.a_step, p.a_row, p.a_tile, p.a_step};
    const Bf16* b = p.b + static_cast<std::size_t>(panel) * panel_size + first_k * kStep;
    const bool accumulates = p.accumulates || piece > 0;
    Pace pace(next == nullptr ? 0 : next_rows, Multiplier::turns(rows, k_tiles));
    multiplier.block<kParts>(rows, k_tiles, a, b, sums_of(first, panel), p.c_row, accumulates, [&] {
      for (int due = pace.next(); due > 0; --due, next += p.c_row) {
        __builtin_prefetch(next, 1);
        __builtin_prefetch(next + 16, 1);
      }
    });
  };
  if (p.is_weight_gradient) {
    for (int first = 0; first < p.rows; first += kBlockRows) {
      for (int piece = 0; piece < pieces; ++piece) {
        for (int panel = 0; panel < p.panels; ++panel) {
          const bool is_last = panel + 1 == p.panels;
          const int next_first = is_last ? first + kBlockRows : first;
          const bool is_first_time = is_last ? piece + 1 == pieces && next_first < p.rows : piece == 0;
          block(first, panel, piece, is_first_time ? sums_of(next_first, is_last ? 0 : panel + 1) : nullptr,
                smaller(p.rows - next_first, kBlockRows));
        }
      }
    }
    return;
  }
  for (int panel = 0; panel < p.panels; ++panel) {
    for (int piece = 0; piece < pieces; ++piece) {
      for (int first = 0; first < p.rows; first += kBlockRows) {
        block(first, panel, piece, nullptr, 0);
      }
    }
  }
}

}  // namespace
}  // namespace lstm::kernels
