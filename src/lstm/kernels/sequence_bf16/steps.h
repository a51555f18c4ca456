// The serial part of an LSTM layer in bf16: one time step forward and backward. Included after a Vector with
// its Words, gates.h and product.h.
//
// Idea: activations take longer than the products of AMX do, and run on other ports. So a block of sums is
// stored, and turned into gates while the next one is multiplied: a few rows at each turn that the product
// leaves. They go side by side, for one row by itself is a chain of operations that wait for each other.
#pragma once

#include "kernels/sequence_bf16/parts.h"
#include "kernels/sequence_bf16/product.h"

namespace lstm::kernels {
namespace {

// How many unit blocks ahead of its use memory is fetched: about a product's time.
constexpr int kBlocksAhead = 2;

// What follows the sums of some rows of a unit block: gates and cells' states of kRowsOfGates rows, again and
// again, and behind each kRowsOfOutputs of them their outputs.
template <int kParts>
class ForwardRows {
 public:
  explicit ForwardRows(const bf16::ForwardStep& step) noexcept : step_(step) {}

  void begin(int block, int first, int last) noexcept {
    block_ = block;
    unit_ = static_cast<std::size_t>(block) * bf16::kUnits;
    own_ = step_.own_units - block * bf16::kUnits;
    gates_ = outputs_ = first;
    last_ = last;
  }
  int pieces() const noexcept {
    const int rows = last_ - gates_;
    return (rows + kRowsOfGates - 1) / kRowsOfGates + (rows + kRowsOfOutputs - 1) / kRowsOfOutputs;
  }
  void do_next() noexcept {
    const int activated = gates_ - outputs_;
    if (activated >= kRowsOfOutputs || gates_ == last_) {
      by_rows<kRowsOfOutputs>(activated, outputs_, [&](auto rows) LSTM_INLINE { outputs<decltype(rows){}>(); });
    } else {
      by_rows<kRowsOfGates>(last_ - gates_, gates_, [&](auto rows) LSTM_INLINE { gates<decltype(rows){}>(); });
    }
  }
  void finish() noexcept {
    while (outputs_ < last_) do_next();
  }

 private:
  static constexpr int kRowsOfGates = Words::kSideBySide / 4, kRowsOfOutputs = Words::kSideBySide / 2;

  // kRows at once, or one.
  template <int kRows, class Body>
  LSTM_INLINE void by_rows(int rows, int& done, Body body) noexcept {
    if (rows >= kRows) {
      body(Constant<kRows>{});
      done += kRows;
    } else {
      body(Constant<1>{});
      ++done;
    }
  }

  float* sums_of(std::size_t row) const noexcept {
    return step_.sums + static_cast<std::size_t>(block_) * step_.sums_block + row * bf16::kGateColumns;
  }

  template <int kRows>
  LSTM_INLINE void gates() noexcept {
    const auto row = static_cast<std::size_t>(gates_);
    const float* bias = step_.bias + 4 * unit_;
    Vector x[4 * kRows];
    unroll<kRows>([&](auto r) LSTM_INLINE {
      const float* sums = sums_of(row + r);
      unroll<4>([&](auto gate) LSTM_INLINE {
        x[4 * r + gate] = Vector::load(sums + 16 * gate) + Vector::load(bias + 16 * gate);
      });
    });
    activate_gates<kParts, kRows>(x);
    unroll<kRows>([&](auto r) LSTM_INLINE {
      const Vector i = x[4 * r], f = x[4 * r + 1], g = x[4 * r + 2], o = x[4 * r + 3];
      float* state = step_.c + (row + r) * step_.c_row + unit_;
      Vector c = i * g;
      if (step_.h_previous != nullptr) c = multiply_add(f, Vector::load(state), c);
      if (own_ < bf16::kUnits) c = first_lanes(c, own_ < 0 ? 0 : own_);
      Bf16* saved = step_.gates + (row + r) * step_.gates_row + kParts * 4 * unit_;
      fetch_ahead<4>(saved);
      store_saved_pair<kParts>(i, f, saved);
      store_saved_pair<kParts>(g, o, saved + kParts * 32);
      c.store(state);
      o.store(sums_of(row + r) + 48);
      Bf16* saved_c = step_.saved_c + (row + r) * step_.saved_c_row + kParts * unit_;
      fetch_ahead<1>(saved_c);
      store_saved<kParts>(c, saved_c);
    });
  }

  template <int kRows>
  LSTM_INLINE void outputs() noexcept {
    const auto row = static_cast<std::size_t>(outputs_);
    const std::size_t tile = unit_ / bf16::kTileK * bf16::kTileK;
    Vector x[kRows];
    unroll<kRows>([&](auto r) LSTM_INLINE {
      x[r] = Vector::load(step_.c + (row + r) * step_.c_row + unit_);
    });
    activate_cells<kParts>(x);
    unroll<kRows>([&](auto r) LSTM_INLINE {
      Vector h = Vector::load(sums_of(row + r) + 48) * x[r];
      // x that is not finite makes something else than zeros of the padding
      if (own_ < bf16::kUnits) h = first_lanes(h, own_ < 0 ? 0 : own_);
      Bf16* to = step_.h + (row + r) * step_.h_row + kParts * tile + (unit_ - tile);
      fetch_ahead<1>(to);
      store_half_operand<kParts>(h, to);
    });
  }

  // Lines of kBlocksAhead unit blocks that will be written, where a unit has kNumbers.
  template <int kNumbers>
  static void fetch_ahead(const Bf16* p) noexcept {
    constexpr int kWords = kParts * kNumbers * bf16::kUnits;
    for (int word = 0; word < kWords; word += 32) __builtin_prefetch(p + kBlocksAhead * kWords + word, 1);
  }

  const bf16::ForwardStep& step_;
  int block_ = 0, own_ = 0;
  std::size_t unit_ = 0;
  int gates_ = 0, outputs_ = 0, last_ = 0;  // rows of which gates, outputs are next; their end
};

template <int kParts>
void forward_step(const bf16::ForwardStep& step) noexcept {
  ForwardRows<kParts> waiting(step);  // rows of a block whose sums are complete
  if (step.h_previous == nullptr) {
    for (int block = 0; block < step.unit_blocks; ++block) {
      waiting.begin(block, 0, step.rows);
      waiting.finish();
    }
    return;
  }
  Multiplier multiplier;
  const std::size_t panel_size = static_cast<std::size_t>(step.k_tiles) * kParts * bf16::kStepElements;
  for (int block = 0; block < step.unit_blocks; ++block) {
    for (int first = 0; first < step.rows; first += kBlockRows) {
      const int rows = smaller(step.rows - first, kBlockRows);
      Pace pace(waiting.pieces(), 2 * Multiplier::turns(rows, step.k_tiles));
      const auto between = [&] {
        for (int due = pace.next(); due > 0; --due) waiting.do_next();
      };
      const LeftBlock h{step.h_previous + static_cast<std::size_t>(first) * step.h_previous_row,
                        step.h_previous_row, 16 * step.h_previous_row, kParts * bf16::kTileK};
      float* sums = step.sums + static_cast<std::size_t>(block) * step.sums_block +
                    static_cast<std::size_t>(first) * bf16::kGateColumns;
      const Bf16* weights = step.weights + static_cast<std::size_t>(block) * 2 * panel_size;
      multiplier.block<kParts>(rows, step.k_tiles, h, weights, sums, bf16::kGateColumns, true, between);
      multiplier.block<kParts>(rows, step.k_tiles, h, weights + panel_size, sums + bf16::kPanelColumns,
                               bf16::kGateColumns, true, between);
      waiting.finish();
      waiting.begin(block, first, first + rows);
    }
  }
  waiting.finish();
}

// From dh without dy (sums; nullptr: zeros) to gradients of the gates, for one row and a panel's two unit
// blocks.
template <int kParts>
LSTM_INLINE inline void backward_row(const bf16::BackwardStep& step, int panel, int r,
                                     const float* sums) noexcept {
  const auto row = static_cast<std::size_t>(r);
  const std::size_t unit = static_cast<std::size_t>(panel) * bf16::kPanelColumns;
  const Vector one = Vector::all(1.0f), zero = Vector::all(0.0f);
  Bf16* gates = step.gates + row * step.gates_row + kParts * 4 * unit;
  const Bf16* c = step.c + row * step.c_row + kParts * unit;
  const Bf16* c_previous =
      step.c_previous == nullptr ? nullptr : step.c_previous + row * step.c_row + kParts * unit;
  const float* dy = step.dy == nullptr ? nullptr : step.dy + row * step.dy_row + unit;
  float* dc = step.dc + row * step.dc_row + unit;
  // What nobody has read since forward, of the panel behind this one. (c was c_previous of the step before.)
  for (int line = 0; line < 4 * kParts; ++line) {
    __builtin_prefetch(gates + kParts * 4 * bf16::kPanelColumns + line * 32, 1);
  }
  if (c_previous != nullptr) {
    for (int line = 0; line < kParts; ++line) {
      __builtin_prefetch(c_previous + kParts * bf16::kPanelColumns + line * 32);
    }
  }
  if (dy != nullptr) {
    __builtin_prefetch(dy + bf16::kPanelColumns);
    __builtin_prefetch(dy + bf16::kPanelColumns + 16);
  }

  Vector tanh_c[2];
  unroll<2>([&](auto half) LSTM_INLINE { tanh_c[half] = load_saved<kParts>(c + kParts * 16 * half); });
  activate_cells<kParts>(tanh_c);
  unroll<2>([&](auto half) LSTM_INLINE {
    Bf16* of = gates + kParts * 64 * half;
    const Vector i = load_saved<kParts>(of), f = load_saved<kParts>(of + kParts * 16);
    const Vector g = load_saved<kParts>(of + kParts * 32), o = load_saved<kParts>(of + kParts * 48);
    Vector dh = sums == nullptr ? zero : Vector::load(sums + 16 * half);
    if (dy != nullptr) dh = dh + Vector::load(dy + 16 * half);
    const Vector before =
        c_previous == nullptr ? zero : load_saved<kParts>(c_previous + kParts * 16 * half);
    const Vector dh_o = dh * o;
    // dc += dh * o * (1 - tanh(c)^2)
    const Vector dcell = multiply_add(dh_o, negative_multiply_add(tanh_c[half], tanh_c[half], one),
                                      Vector::load(dc + 16 * half));
    const Vector dcell_i = dcell * i;
    const Vector dcell_f = dcell * f;
    Vector gradients[5] = {dcell_i * (one - i) * g, dcell_f * (one - f) * before,
                           dcell_i * negative_multiply_add(g, g, one), dh_o * (one - o) * tanh_c[half],
                           dcell_f};
    const int own = step.own_units - panel * bf16::kPanelColumns - bf16::kUnits * half;
    if (own < bf16::kUnits) {
      for (Vector& gradient : gradients) gradient = first_lanes(gradient, own < 0 ? 0 : own);
    }
    store_operand<kParts>(gradients[0], gradients[1], of);
    store_operand<kParts>(gradients[2], gradients[3], of + kParts * bf16::kTileK);
    gradients[4].store(dc + 16 * half);
  });
}

template <int kParts>
void backward_step(const bf16::BackwardStep& step) noexcept {
  if (step.dgates_next == nullptr) {
    for (int panel = 0; panel < step.panels; ++panel) {
      for (int r = 0; r < step.rows; ++r) backward_row<kParts>(step, panel, r, nullptr);
    }
    return;
  }
  Multiplier multiplier;
  alignas(64) float sums[2][kBlockRows][bf16::kPanelColumns];  // of this block, and of the one before
  const std::size_t panel_size = static_cast<std::size_t>(step.k_tiles) * kParts * bf16::kStepElements;
  int waiting_panel = 0, waiting_first = 0, next = 0, last = 0, turn = 0;  // rows of the one before
  const auto finish_next = [&] {
    backward_row<kParts>(step, waiting_panel, waiting_first + next, sums[1 - turn][next]);
    ++next;
  };
  for (int panel = 0; panel < step.panels; ++panel) {
    for (int first = 0; first < step.rows; first += kBlockRows) {
      const int rows = smaller(step.rows - first, kBlockRows);
      Pace pace(last - next, Multiplier::turns(rows, step.k_tiles));
      const LeftBlock dgates{step.dgates_next + static_cast<std::size_t>(first) * step.dgates_next_row,
                             step.dgates_next_row, 16 * step.dgates_next_row, kParts * bf16::kTileK};
      multiplier.block<kParts>(rows, step.k_tiles, dgates,
                               step.weights + static_cast<std::size_t>(panel) * panel_size, sums[turn][0],
                               bf16::kPanelColumns, false, [&] {
                                 for (int due = pace.next(); due > 0; --due) finish_next();
                               });
      while (next < last) finish_next();
      waiting_panel = panel;
      waiting_first = first;
      next = 0;
      last = rows;
      turn = 1 - turn;
    }
  }
  while (next < last) finish_next();
}

}  // namespace
}  // namespace lstm::kernels
