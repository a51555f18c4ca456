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

inline int tiles_of_piece(int k_tiles, int piece, int pieces) noexcept {
  return first_of_piece(k_tiles, piece + 1, pieces) - first_of_piece(k_tiles, piece, pieces);
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

// Rows of floats that are needed soon, fetched at some turns.
class RowsAhead {
 public:
  // rows: `row` floats apart; from nullptr: none.
  RowsAhead(const float* from, std::size_t row, int rows, int turns) noexcept
      : next_(from), row_(row), pace_(from == nullptr ? 0 : rows, turns) {}

  // At each turn. They will be written, too.
  template <int kFloats>
  LSTM_INLINE void fetch() noexcept {
    for (int due = pace_.next(); due > 0; --due, next_ += row_) {
      unroll<kFloats / 16>([&](auto line) LSTM_INLINE { __builtin_prefetch(next_ + 16 * line, 1); });
    }
  }

 private:
  const float* next_;
  std::size_t row_;
  Pace pace_;
};

// A piece of a panel that is needed next, into the second-level cache.
class PanelAhead {
 public:
  PanelAhead(const Bf16* from, std::size_t words, int turns) noexcept
      : next_(from), pace_(static_cast<int>(words / 32), turns) {}

  LSTM_INLINE void fetch() noexcept {
    for (int due = pace_.next(); due > 0; --due, next_ += 32) __builtin_prefetch(next_, 0, 2);
  }

 private:
  const Bf16* next_;
  Pace pace_;
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
                             tiles_of_piece(p.k_tiles, piece, pieces)};
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
        const int k_tiles = tiles_of_piece(p.k_tiles, piece, pieces);
        RowsAhead ahead(next, p.c_row, smaller(p.rows - next_first, kBlockRows),
                        Multiplier::turns(smaller(p.rows - first, kBlockRows), k_tiles));
        multiply_block<kParts, Stays::left>(p, multiplier, first, panel, piece, pieces,
                                            [&](auto products) LSTM_INLINE {
                                              do_all(products);
                                              ahead.fetch<bf16::kPanelColumns>();
                                            });
      }
    }
  }
}

// A panel stays in the first-level cache while all rows pass by. Meanwhile the next one comes from further
// away, and where sums lie.
template <int kParts>
void multiply_by_panels(const bf16::Product& p) noexcept {
  Multiplier multiplier;
  const int pieces = pieces_of<kParts>(p.k_tiles, Multiplier::kPanelPieceTiles);
  const auto words_of = [&](int piece) {
    return static_cast<std::size_t>(tiles_of_piece(p.k_tiles, piece, pieces)) * kParts * bf16::kStepElements;
  };
  const Bf16* next_piece = p.b;  // pieces lie one behind the other
  for (int panel = 0; panel < p.panels; ++panel) {
    for (int piece = 0; piece < pieces; ++piece) {
      const bool is_last_piece = piece + 1 == pieces;
      const auto turns_of = [&](int rows) {
        return Multiplier::turns(rows, tiles_of_piece(p.k_tiles, piece, pieces));
      };
      next_piece += words_of(piece);
      const bool has_next = Multiplier::kFetchesAhead && !(is_last_piece && panel + 1 == p.panels);
      const int all_turns = p.rows / kBlockRows * turns_of(kBlockRows) +
                            (p.rows % kBlockRows == 0 ? 0 : turns_of(p.rows % kBlockRows));
      PanelAhead panel_ahead(next_piece, has_next ? words_of(is_last_piece ? 0 : piece + 1) : 0, all_turns);
      for (int first = 0; first < p.rows; first += kBlockRows) {
        // The block whose sums are needed for the first time behind this one: of this panel or the next.
        const int behind = first + kBlockRows;
        const bool is_last_block = behind >= p.rows;
        const int next_panel = is_last_block ? panel + 1 : panel, next_first = is_last_block ? 0 : behind;
        const bool is_first_time = is_last_block ? is_last_piece && next_panel < p.panels : piece == 0;
        RowsAhead sums_ahead(
            Multiplier::kFetchesAhead && is_first_time ? sums_of(p, next_first, next_panel) : nullptr,
            p.c_row, smaller(p.rows - next_first, kBlockRows), turns_of(smaller(p.rows - first, kBlockRows)));
        multiply_block<kParts, Stays::right>(p, multiplier, first, panel, piece, pieces,
                                             [&](auto products) LSTM_INLINE {
                                               do_all(products);
                                               panel_ahead.fetch();
                                               sums_ahead.fetch<bf16::kPanelColumns>();
                                             });
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
