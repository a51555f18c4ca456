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
template <int kParts>
int pieces_of(int k_tiles, int most = Multiplier::kPieceTiles) noexcept {
  return (kParts * k_tiles + most - 1) / most;
}

// The k at which a piece starts.
inline int first_of_piece(int k_tiles, int piece, int pieces) noexcept {
  return k_tiles * piece / pieces;
}

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

inline float* sums_of(const bf16::Product& p, int first_row, int panel) noexcept {
  return p.c + static_cast<std::size_t>(panel / 2) * p.c_pair +
         static_cast<std::size_t>(first_row) * p.c_row + panel % 2 * bf16::kPanelColumns;
}

// One block of sums and one piece of K; `between` runs at each of its turns.
template <int kParts, Stays kStays, class Between>
void multiply_block(const bf16::Product& p, Multiplier& multiplier, int first_row, int panel, int piece,
                    int pieces, Between between) noexcept {
  const int first_k = first_of_piece(p.k_tiles, piece, pieces);
  const auto from = static_cast<std::size_t>(first_k);
  const std::size_t panel_k = static_cast<std::size_t>(panel) * static_cast<std::size_t>(p.k_tiles);
  const BlockProduct product{p.a.from(first_row, first_k),
                             p.b + (panel_k + from) * kParts * bf16::kStepElements,
                             first_of_piece(p.k_tiles, piece + 1, pieces) - first_k};
  multiplier.template block<kParts, kStays>(smaller(p.rows - first_row, kBlockRows), &product, 1,
                                            sums_of(p, first_row, panel), p.c_row, p.accumulates || piece > 0,
                                            between);
}

// Rows of a block stay in the first-level cache while all panels pass by. Meanwhile the next block's sums
// come from memory.
template <int kParts>
void multiply_by_rows(const bf16::Product& p) noexcept {
  Multiplier multiplier;
  const int pieces = pieces_of<kParts>(p.k_tiles);
  for (int first = 0; first < p.rows; first += kBlockRows) {
    for (int piece = 0; piece < pieces; ++piece) {
      for (int panel = 0; panel < p.panels; ++panel) {
        // The block behind this one, where it is the first time that its sums are needed.
        const bool is_last = panel + 1 == p.panels;
        const int next_first = is_last ? first + kBlockRows : first;
        const bool is_first_time = is_last ? piece + 1 == pieces && next_first < p.rows : piece == 0;
        const float* next = is_first_time ? sums_of(p, next_first, is_last ? 0 : panel + 1) : nullptr;
        const int k_tiles =
            first_of_piece(p.k_tiles, piece + 1, pieces) - first_of_piece(p.k_tiles, piece, pieces);
        Pace pace(is_first_time ? smaller(p.rows - next_first, kBlockRows) : 0,
                  Multiplier::turns(smaller(p.rows - first, kBlockRows), k_tiles));
        multiply_block<kParts, Stays::left>(p, multiplier, first, panel, piece, pieces,
                                            [&](auto products) LSTM_INLINE {
                                              do_all(products);
                                              for (int due = pace.next(); due > 0; --due, next += p.c_row) {
                                                __builtin_prefetch(next, 1);
                                                __builtin_prefetch(next + 16, 1);
                                              }
                                            });
      }
    }
  }
}

// A panel stays in the first-level cache while all rows pass by.
template <int kParts>
void multiply_by_panels(const bf16::Product& p) noexcept {
  Multiplier multiplier;
  const int pieces = pieces_of<kParts>(p.k_tiles, Multiplier::kPanelPieceTiles);
  for (int panel = 0; panel < p.panels; ++panel) {
    for (int piece = 0; piece < pieces; ++piece) {
      for (int first = 0; first < p.rows; first += kBlockRows) {
        multiply_block<kParts, Stays::right>(p, multiplier, first, panel, piece, pieces,
                                             [](auto products) LSTM_INLINE { do_all(products); });
      }
    }
  }
}

template <int kParts>
void multiply(const bf16::Product& p) noexcept {
  if (p.is_weight_gradient) {
    multiply_by_rows<kParts>(p);
  } else {
    multiply_by_panels<kParts>(p);
  }
}

}  // namespace
}  // namespace lstm::kernels
