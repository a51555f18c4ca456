// The serial part of an LSTM layer in bf16: one time step forward and backward. Included after a Vector with
// its Words, gates.h and product.h.
//
// Idea: activations take longer than the products of AMX do, and run on other ports. So a block of sums is
// stored, and turned into gates while the next one is multiplied: a few rows at each turn that the product
// leaves. They go side by side, for one row by itself is a chain of operations that wait for each other, and
// the turn's products stand between their parts.
#pragma once

#include "kernels/sequence_bf16/parts.h"
#include "kernels/sequence_bf16/product.h"

namespace lstm::kernels {
namespace {

// The sums of a unit block: i and f, g and o of each row, `row` floats from one to the next.
struct BlockSums {
  float *if_, *go;
  std::size_t row;
};

// So many pieces of other work in a turn, its products between the parts of the first.
template <class Products, class Piece>
LSTM_INLINE inline void spread(int pieces, Products products, Piece piece) noexcept {
  if (pieces == 0) return do_all(products);
  piece(products);
  for (; pieces > 1; --pieces) piece(NoProducts{});
}

// What follows the sums of some rows of a unit block: gates, cells' states and outputs of kRowsAtOnce rows,
// again and again.
template <int kParts>
class ForwardRows {
 public:
  explicit ForwardRows(const bf16::ForwardStep& step) noexcept
      : step_(step), past_caches_(Multiplier::kStoresPastCaches && step.gates_pass_caches) {}
  // Others read the gates behind the step.
  ~ForwardRows() {
    if (past_caches_) complete_stores();
  }

  // `sums` has rows first..last.
  void begin(int block, int first, int last, const BlockSums& sums) noexcept {
    sums_ = sums;
    first_ = first;
    block_ = static_cast<std::size_t>(block);
    unit_ = block_ * bf16::kUnits;
    own_ = step_.own_units - block * bf16::kUnits;
    next_ = first;
    last_ = last;
  }
  // How many calls of do_next() there are left.
  int pieces() const noexcept {
    const int rows = last_ - next_;
    return rows / kRowsAtOnce + rows % kRowsAtOnce;
  }
  // Meanwhile the products of a turn.
  template <class Products = NoProducts>
  void do_next(Products products = {}) noexcept {
    if (last_ - next_ >= kRowsAtOnce) {
      do_rows<kRowsAtOnce>(products);
    } else {
      do_rows<1>(products);
    }
  }
  void finish() noexcept {
    while (next_ < last_) do_next();
  }

 private:
  static constexpr int kRowsAtOnce = kParts == 1 ? Multiplier::kRowsOfGates : Words::kSideBySide / 4;

  template <int kRows, class Products>
  LSTM_INLINE void do_rows(Products products) noexcept {
    const float* bias = step_.bias + 4 * unit_;
    Vector x[4 * kRows], cells[kRows];
    unroll<kRows>([&](auto r) LSTM_INLINE {
      const std::size_t at = static_cast<std::size_t>(next_ + r - first_) * sums_.row;
      unroll<4>([&](auto gate) LSTM_INLINE {
        const float* sums = (gate < 2 ? sums_.if_ : sums_.go) + at + 16 * (gate % 2);
        x[4 * r + gate] = Vector::load(sums) + Vector::load(bias + 16 * gate);
      });
    });
    activate_gates<kParts, kRows>(x, products);
    unroll<kRows>([&](auto r) LSTM_INLINE {
      const Vector i = x[4 * r], f = x[4 * r + 1], g = x[4 * r + 2], o = x[4 * r + 3];
      float* state = step_.c + static_cast<std::size_t>(next_ + r) * step_.c_row + unit_;
      Vector c = i * g;
      if (step_.h_previous.start != nullptr) c = multiply_add(f, Vector::load(state), c);
      if (own_ < bf16::kUnits) c = first_lanes(c, own_ < 0 ? 0 : own_);
      const bf16::Rows &gates = step_.gates, &saved_c = step_.saved_c;
      Bf16* if_ = gates.at(next_ + r) + 2 * block_ * gates.step;
      if (!past_caches_) {
        fetch_ahead(if_, 4, gates.step);
        fetch_ahead(if_, 5, gates.step);
      }
      store_saved_pair<kParts>(i, f, if_, gates.step / kParts, past_caches_);
      store_saved_pair<kParts>(g, o, if_ + gates.step, gates.step / kParts, past_caches_);
      c.store(state);
      Bf16* c_pair = saved_c.at(next_ + r) + block_ / 2 * saved_c.step;
      fetch_ahead(c_pair, 1, saved_c.step);
      store_saved<kParts>(c, c_pair + saved_half<kParts>(block_ % 2, saved_c.step / kParts));
      cells[r] = c;
    });
    products(Constant<2>{});
    activate_cells<kParts>(cells, [&]() LSTM_INLINE { products(Constant<3>{}); });
    unroll<kRows>([&](auto r) LSTM_INLINE {
      Vector h = x[4 * r + 3] * cells[r];
      // x that is not finite makes something else than zeros of the padding
      if (own_ < bf16::kUnits) h = first_lanes(h, own_ < 0 ? 0 : own_);
      Bf16* to = step_.h.at(next_ + r) + block_ / 2 * step_.h.step;
      fetch_ahead(to, 1, step_.h.step);
      store_half_operand<kParts>(h, to + block_ % 2 * bf16::kUnits, step_.h.step / kParts);
    });
    next_ += kRows;
  }

  // 32 numbers of a row that will be written about a product's time, two unit blocks, from here.
  static void fetch_ahead(const Bf16* p, std::size_t steps, std::size_t step) noexcept {
    for (int part = 0; part < kParts; ++part) {
      __builtin_prefetch(p + (steps * kParts + static_cast<std::size_t>(part)) * (step / kParts), 1);
    }
  }

  const bf16::ForwardStep& step_;
  const bool past_caches_;
  BlockSums sums_{};
  int own_ = 0;
  std::size_t block_ = 0, unit_ = 0;     // and its first unit
  int first_ = 0, next_ = 0, last_ = 0;  // rows
};

template <int kParts>
void forward_step(const bf16::ForwardStep& step) noexcept {
  ForwardRows<kParts> waiting(step);  // rows of a block whose sums are complete
  const bool adds_inputs = step.x.start != nullptr;
  const bool continues = step.h_previous.start != nullptr;
  const auto given_sums = [&](int block, int first) -> BlockSums {
    float* sums = step.sums + static_cast<std::size_t>(block) * step.sums_block +
                  static_cast<std::size_t>(first) * bf16::kGateColumns;
    return {sums, sums + bf16::kPanelColumns, bf16::kGateColumns};
  };
  if (!adds_inputs && !continues) {
    for (int block = 0; block < step.unit_blocks; ++block) {
      waiting.begin(block, 0, step.rows, given_sums(block, 0));
      waiting.finish();
    }
    return;
  }
  // With inputs, sums need no place of their own: few, so that they and the rows stay in the first-level
  // cache. By the time a panel is stored, the rows whose sums it replaces have been turned into gates.
  constexpr int kPanels = Multiplier::kStoresAtOnce ? 3 : 4;
  alignas(64) float panels[kPanels][kBlockRows][bf16::kPanelColumns];
  int turn = 0;
  const auto own_sums = [&]() -> BlockSums {
    turn += 2;
    return {panels[turn % kPanels][0], panels[(turn + 1) % kPanels][0], bf16::kPanelColumns};
  };

  Multiplier multiplier;
  // next_block, next_first: what is computed behind this; unit_blocks where nothing is.
  const auto compute = [&]<Stays kStays>(int block, int first, int next_block, int next_first) LSTM_INLINE {
    const int rows = smaller(step.rows - first, kBlockRows);
    BlockProduct products[2] = {};  // of the block's first panel
    int count = 0;
    const auto add = [&](const bf16::ConstRows& a, const Bf16* weights, int k_tiles) {
      const std::size_t panel = static_cast<std::size_t>(k_tiles) * kParts * bf16::kStepElements;
      products[count++] = {a.from(first), weights + static_cast<std::size_t>(2 * block) * panel, k_tiles};
    };
    if (adds_inputs) add(step.x, step.input_weights, step.input_k_tiles);
    if (continues) add(step.h_previous, step.weights, step.k_tiles);
    const BlockSums sums = adds_inputs ? own_sums() : given_sums(block, first);
    const int turns = 2 * Multiplier::turns(rows, k_tiles_of(products, count));
    Pace pace(waiting.pieces(), turns);
    const bool fetches = Multiplier::kFetchesAhead && !adds_inputs && next_block < step.unit_blocks;
    RowsAhead ahead(fetches ? given_sums(next_block, next_first).if_ : nullptr, bf16::kGateColumns,
                    smaller(step.rows - next_first, kBlockRows), turns);
    for (float* panel : {sums.if_, sums.go}) {
      multiplier.template block<kParts, kStays>(
          rows, products, count, panel, sums.row, !adds_inputs, [&](auto of_turn) LSTM_INLINE {
            spread(pace.next(), of_turn, [&](auto some) LSTM_INLINE { waiting.do_next(some); });
            ahead.fetch<bf16::kGateColumns>();
          });
      for (BlockProduct& product : products) {
        product.b += static_cast<std::size_t>(product.k_tiles) * kParts * bf16::kStepElements;
      }
    }
    waiting.begin(block, first, first + rows, sums);
  };
  const int k_tiles = (adds_inputs ? step.input_k_tiles : 0) + (continues ? step.k_tiles : 0);
  if (kParts * k_tiles <= Multiplier::kPieceTiles) {
    for (int first = 0; first < step.rows; first += kBlockRows) {
      for (int block = 0; block < step.unit_blocks; ++block) {
        const bool is_last = block + 1 == step.unit_blocks && first + kBlockRows < step.rows;
        compute.template operator()<Stays::left>(block, first, is_last ? 0 : block + 1,
                                                 is_last ? first + kBlockRows : first);
      }
    }
  } else {
    for (int block = 0; block < step.unit_blocks; ++block) {
      for (int first = 0; first < step.rows; first += kBlockRows) {
        const bool is_last = first + kBlockRows >= step.rows;
        compute.template operator()<Stays::right>(block, first, is_last ? block + 1 : block,
                                                  is_last ? 0 : first + kBlockRows);
      }
    }
  }
  waiting.finish();
}

// From dh without dy (sums; nullptr: zeros) to gradients of the gates, for one row and a panel's two unit
// blocks.
template <int kParts, class Products = NoProducts>
LSTM_INLINE inline void backward_row(const bf16::BackwardStep& step, int panel, int r, const float* sums,
                                     Products products = {}) noexcept {
  const auto row = static_cast<std::size_t>(r);
  const std::size_t unit = static_cast<std::size_t>(panel) * bf16::kPanelColumns;
  const Vector one = Vector::all(1.0f), zero = Vector::all(0.0f);
  const auto tile = static_cast<std::size_t>(panel);
  Bf16* gates = step.gates.at(r) + 4 * tile * step.gates.step;
  const Bf16* c = step.c.at(r) + tile * step.c.step;
  const Bf16* c_previous =
      step.c_previous.start == nullptr ? nullptr : step.c_previous.at(r) + tile * step.c_previous.step;
  const float* dy = step.dy == nullptr ? nullptr : step.dy + row * step.dy_row + unit;
  float* dc = step.dc + row * step.dc_row + unit;
  // What nobody has read since forward, of the panel behind this one. (c was c_previous of the step before.)
  const std::size_t gates_part = step.gates.step / kParts;
  const std::size_t c_part = step.c.step / kParts, c_previous_part = step.c_previous.step / kParts;
  for (std::size_t part = 4 * kParts; part < 8 * kParts; ++part) {
    __builtin_prefetch(gates + part * gates_part, 1);
  }
  if (c_previous != nullptr) {
    for (std::size_t part = kParts; part < 2 * kParts; ++part) {
      __builtin_prefetch(c_previous + part * c_previous_part);
    }
  }
  if (dy != nullptr) {
    __builtin_prefetch(dy + bf16::kPanelColumns);
    __builtin_prefetch(dy + bf16::kPanelColumns + 16);
  }

  Vector tanh_c[2];
  unroll<2>([&](auto half)
                LSTM_INLINE { tanh_c[half] = load_saved<kParts>(c + saved_half<kParts>(half, c_part)); });
  activate_cells<kParts>(tanh_c, [&]() LSTM_INLINE { products(Constant<0>{}); });
  products(Constant<1>{});
  unroll<2>([&](auto half) LSTM_INLINE {
    Bf16 *if_ = gates + 2 * half * step.gates.step, *go = if_ + step.gates.step;
    const Vector i = load_saved<kParts>(if_), f = load_saved<kParts>(if_ + saved_half<kParts>(1, gates_part));
    const Vector g = load_saved<kParts>(go), o = load_saved<kParts>(go + saved_half<kParts>(1, gates_part));
    Vector dh = sums == nullptr ? zero : Vector::load(sums + 16 * half);
    if (dy != nullptr) dh = dh + Vector::load(dy + 16 * half);
    const Vector before = c_previous == nullptr
                              ? zero
                              : load_saved<kParts>(c_previous + saved_half<kParts>(half, c_previous_part));
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
    store_operand<kParts>(gradients[0], gradients[1], if_, gates_part);
    store_operand<kParts>(gradients[2], gradients[3], go, gates_part);
    gradients[4].store(dc + 16 * half);
    products(Constant<2 + decltype(half){}>{});
  });
}

// K is 4H, so that neither the rows of dgates nor a panel of R^T stay in the first-level cache. So K comes in
// pieces, and a piece of the rows passes a few panels by; their sums go to the second-level cache meanwhile.
template <int kParts>
void backward_step(const bf16::BackwardStep& step) noexcept {
  if (step.dgates_next.start == nullptr) {
    for (int panel = 0; panel < step.panels; ++panel) {
      for (int r = 0; r < step.rows; ++r) backward_row<kParts>(step, panel, r, nullptr);
    }
    return;
  }
  constexpr int kPanels = 5;
  constexpr std::size_t kStep = std::size_t{kParts} * bf16::kStepElements;
  using Sums = float[kPanels][kBlockRows][bf16::kPanelColumns];
  alignas(64) Sums sums[2];  // of these rows and panels, and of those before
  struct {
    int first_panel = 0, first_row = 0, rows = 0, next = 0, count = 0;
  } waiting;
  int turn = 0;
  const auto finish_next = [&](auto products) LSTM_INLINE {
    const int panel = waiting.next / waiting.rows, r = waiting.next % waiting.rows;
    backward_row<kParts>(step, waiting.first_panel + panel, waiting.first_row + r, sums[1 - turn][panel][r],
                         products);
    ++waiting.next;
  };
  Multiplier multiplier;
  const int pieces = pieces_of<kParts>(step.k_tiles);
  for (int first = 0; first < step.rows; first += kBlockRows) {
    const int rows = smaller(step.rows - first, kBlockRows);
    for (int first_panel = 0; first_panel < step.panels; first_panel += kPanels) {
      const int panels = smaller(step.panels - first_panel, kPanels);
      Pace pace(waiting.count, panels * pieces * Multiplier::turns(rows, step.k_tiles / pieces));
      for (int piece = 0; piece < pieces; ++piece) {
        const int first_k = first_of_piece(step.k_tiles, piece, pieces);
        const auto from = static_cast<std::size_t>(first_k);
        for (int i = 0; i < panels; ++i) {
          const std::size_t panel =
              static_cast<std::size_t>(first_panel + i) * static_cast<std::size_t>(step.k_tiles);
          const BlockProduct product{step.dgates_next.from(first, first_k),
                                     step.weights + (panel + from) * kStep,
                                     tiles_of_piece(step.k_tiles, piece, pieces)};
          multiplier.template block<kParts, Stays::left>(
              rows, &product, 1, sums[turn][i][0], bf16::kPanelColumns, piece > 0,
              [&](auto products) LSTM_INLINE {
                spread(smaller(pace.next(), waiting.count - waiting.next), products, finish_next);
              });
        }
      }
      while (waiting.next < waiting.count) finish_next(NoProducts{});
      waiting = {first_panel, first, rows, 0, panels * rows};
      turn = 1 - turn;
    }
  }
  while (waiting.next < waiting.count) finish_next(NoProducts{});
}

}  // namespace
}  // namespace lstm::kernels
