// The operations of the sequence engine in bf16 and bf16x3: products of bf16 operands summed in fp32, then
// activations in fp32 (gates.h has their errors).
//
// In bf16x3 each number of an operand is two parts in bf16, x = hi + lo, and each product three: hi * lo +
// hi * hi + lo * hi. P is the number of parts, 1 or 2.
//
// Layouts. Units are padded to Hp, a multiple of 32; U = Hp / 16 unit blocks. All operands are made of the
// tiles of AMX, whatever multiplies them, so that every variant rounds the same numbers. A word is 16 bits:
//   rows         bf16, K padded with zeros to a multiple of 32: x, h, gates. Rows has where they lie.
//   panels       (columns / 32, K / 32, P, 2, 16, 16, 2) bf16: the right operand of a product. A tile holds
//                16 pairs of consecutive k for 16 columns.
//   left tiles   (M / 16, K / 32, P, 16, 32) bf16: the left operand of a weight gradient, K being rows in
//                time.
//   saved        as rows, but numbers of P words each: bf16 beside one part; beside two fp32, of which 16 lie
//                in place of a part of 32: c.
//   gates        rows of 4Hp: gate g of unit u is at column (u / 16) * 64 + g * 16 + u % 16, i f g o.
//                Activated gates, saved; then, in the same words, gradients of the preactivations as rows.
//   sums         (pairs of panels, rows, 64) fp32: results.
// Strides of bf16 are in words.
// Units of the padding have weights of zero, and h, c, dc and gradients of gates of zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/table.h"

namespace lstm::kernels::bf16 {

using Bf16 = std::uint16_t;

constexpr int kUnits = 16;           // of a unit block
constexpr int kGateColumns = 64;     // i, f, g, o of one unit block
constexpr int kPanelColumns = 32;    // and units computed together in backward
constexpr int kTileK = 32;           // elements of K in a tile
constexpr int kTileElements = 512;   // 16 rows of 32
constexpr int kStepElements = 1024;  // of a panel, for 32 elements of K and one part

// Rows of numbers: 32 of row r, from k on, lie at start + r % 16 * row + r / 16 * tile + k / 32 * step, and
// step / P words further their second parts. So rows may lie one behind the other, or side by side, 32
// numbers of each.
template <class Word>
struct RowsOf {
  Word* start = nullptr;
  std::size_t row = 0;   // words from one row to the next
  std::size_t tile = 0;  // from 16 rows to the next 16
  std::size_t step = 0;  // from 32 numbers to the next 32

  // Always inline: files for different instruction sets have them, and the linker would keep one.
  [[gnu::always_inline]] Word* at(int r) const noexcept {
    const auto index = static_cast<std::size_t>(r);
    return start + index % 16 * row + index / 16 * tile;
  }
  // Rows behind the first so many, which are whole tiles, from a multiple of 32 numbers on.
  [[gnu::always_inline]] RowsOf from(int first_row, int k_tile = 0) const noexcept {
    return {at(first_row) + static_cast<std::size_t>(k_tile) * step, row, tile, step};
  }
  [[gnu::always_inline]] operator RowsOf<const Word>() const noexcept { return {start, row, tile, step}; }
};
using Rows = RowsOf<Bf16>;
using ConstRows = RowsOf<const Bf16>;

// A row that belongs to no such rows.
struct ConstRow {
  const Bf16* start;  // nullptr: zeros
  std::size_t step;
};

// c (+)= a * b for some rows and panels of b.
struct Product {
  int rows;
  int k_tiles;
  ConstRows a;
  const Bf16* b;
  int panels;
  float* c;  // panel p starts at c + (p / 2) * c_pair + (p % 2) * 32
  std::size_t c_row, c_pair;
  bool accumulates;
  bool is_weight_gradient;  // keep rows of a in the cache while panels of b pass by, not the other way round
};

// One time step: x * W + h_previous * R, then activations, cell and output.
struct ForwardStep {
  int rows;
  int unit_blocks;
  int own_units;              // units of these blocks that are no padding
  ConstRows x;                // nullptr: `sums` has x * W
  const Bf16* input_weights;  // panels of W, from the first unit block of these
  int input_k_tiles;
  ConstRows h_previous;  // nullptr: the step starts from h = c = 0
  const Bf16* weights;   // panels of R, from the first unit block of these
  int k_tiles;           // Hp / 32
  // Without x, in: x * W, (unit blocks, ..., 64) with sums_block floats from block to block.
  float* sums;
  std::size_t sums_block;
  const float* bias;  // (unit blocks, 64)
  Rows gates;         // from the first unit block of these
  // Gates of all time steps are larger than the caches. Then each 32 words of theirs lie at a cache line.
  bool gates_pass_caches;
  float* c;  // (rows, ...) the cells' state: in: of the step before; out: of this one
  std::size_t c_row;
  Rows saved_c;  // the same, for backward
  Rows h;
};

// One time step of backward: gates become gradients of the preactivations, dc moves on to the step before.
struct BackwardStep {
  int rows;
  int panels;             // of 32 units
  int own_units;          // units of these panels that are no padding
  int k_tiles;            // 4Hp / 32
  ConstRows dgates_next;  // all gates; nullptr: nothing comes from a later step
  const Bf16* weights;    // panels of R^T, from the first unit of these
  const float* dy;        // gradient of the output from above, from the first unit; nullptr: zero
  std::size_t dy_row;
  Rows gates;            // from the first unit block of these
  ConstRows c;           // as saved
  ConstRows c_previous;  // nullptr: zero
  float* dc;
  std::size_t dc_row;
};

// Rows of bf16 into left tiles: row m of the result is column m of the rows.
struct PackLeft {
  int rows;              // K; padded with zeros to a multiple of 32
  const ConstRow* from;  // (rows)
  int columns;           // M, a multiple of 32
  Bf16* packed;
};

// Rows of bf16 into panels whose K are the rows, and the sums of each column.
struct PackRight {
  int rows;              // padded with zeros to a multiple of 32
  const ConstRow* from;  // (rows), none of zeros
  int first_panel;       // of their columns: the first of these
  int panels;
  Bf16* packed;
  float* sums;  // (panels, 32)
  bool accumulates;
};

// A run of columns of a canonical fp32 matrix of gates (4H, columns) into panels.
struct PackWeights {
  int units;               // H
  const float* matrix;     // the run's first column
  std::size_t matrix_row;  // floats from one row to the next
  int columns;             // of the run
  int first, last;         // forward: unit blocks; back: panels of the run's columns
  int k_tiles;             // of a panel of the result
  int first_k_tile;        // forward: where the run's first column lies
  Bf16* packed;            // forward: unit block 0; back: the run's first panel
};

// Sums of a weight gradient (unit blocks, rows, 64) into the canonical matrix: row r becomes column r.
struct UnpackGradient {
  int units;  // H
  const float* sums;
  std::size_t sums_block;  // floats from one unit block to the next
  int first_block, last_block;
  int columns;    // of the matrix, and rows of the sums
  float* matrix;  // the run's first column
  std::size_t matrix_row;
};

struct Kernels {
  int tile_rows;              // rows computed at once
  bool adds_inputs_in_steps;  // whether forward_step takes x
  void (*multiply)(const Product&) noexcept;
  void (*forward_step)(const ForwardStep&) noexcept;
  void (*backward_step)(const BackwardStep&) noexcept;
  void (*pack_left)(const PackLeft&) noexcept;
  void (*pack_right)(const PackRight&) noexcept;
  void (*pack_weights)(const PackWeights&) noexcept;  // columns of the matrix are K
  void (*pack_weights_back)(
      const PackWeights&) noexcept;  // columns of the matrix are columns; K: gates as in `gates`
  void (*unpack_gradient)(const UnpackGradient&) noexcept;
  // One row of padded elements, a multiple of 32: from[0..count) rounded to nearest even, then zeros.
  void (*round_row)(const float* from, int count, Bf16* to, std::size_t step, int padded) noexcept;
  void (*widen_row)(ConstRow from, int count, float* to) noexcept;  // back; count is a multiple of 16
};

// For operands in so many parts: 1 or 2.
std::span<const Variant<Kernels>> variants(int parts);

}  // namespace lstm::kernels::bf16
