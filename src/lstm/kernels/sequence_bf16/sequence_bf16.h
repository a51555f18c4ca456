// The operations of the sequence engine in bf16 and bf16x3: products of bf16 operands summed in fp32, then
// activations in fp32 (gates.h has their errors).
//
// In bf16x3 each number of an operand is two parts in bf16, x = hi + lo, and each product three: hi * lo +
// hi * hi + lo * hi. P is the number of parts, 1 or 2.
//
// Layouts. Units are padded to Hp, a multiple of 32; U = Hp / 16 unit blocks. All operands are made of the
// tiles of AMX, whatever multiplies them, so that every variant rounds the same numbers. A word is 16 bits:
//   rows         (rows, K / 32, P, 32) bf16, K padded with zeros to a multiple of 32: x, h, gates.
//   panels       (columns / 32, K / 32, P, 2, 16, 16, 2) bf16: the right operand of a product. A tile holds
//                16 pairs of consecutive k for 16 columns.
//   left tiles   (M / 16, K / 32, P, 16, 32) bf16: the left operand of a weight gradient, K being rows in
//                time.
//   saved        (rows, K) of P words each: bf16 beside one part, fp32 beside two: c.
//   gates        (rows, 4Hp): gate g of unit u is at column (u / 16) * 64 + g * 16 + u % 16, i f g o.
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

// c (+)= a * b for some rows and panels of b.
struct Product {
  int rows;
  int k_tiles;
  const Bf16* a;
  std::size_t a_row;   // words from one row to the next
  std::size_t a_tile;  // from 16 rows to the next 16
  std::size_t a_step;  // from 32 elements of K to the next 32, in all their parts
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
  int own_units;  // units of these blocks that are no padding
  const Bf16* x;  // nullptr: `sums` has x * W
  std::size_t x_row;
  const Bf16* input_weights;  // panels of W, from the first unit block of these
  int input_k_tiles;
  const Bf16* h_previous;  // nullptr: the step starts from h = c = 0
  std::size_t h_previous_row;
  const Bf16* weights;  // panels of R, from the first unit block of these
  int k_tiles;          // Hp / 32
  // Without x, in: x * W, (unit blocks, ..., 64) with sums_block floats from block to block.
  float* sums;
  std::size_t sums_block;
  const float* bias;  // (unit blocks, 64)
  Bf16* gates;        // from the first unit block of these
  std::size_t gates_row;
  float* c;  // (rows, ...) the cells' state: in: of the step before; out: of this one
  std::size_t c_row;
  Bf16* saved_c;  // the same, for backward
  std::size_t saved_c_row;
  Bf16* h;
  std::size_t h_row;
};

// One time step of backward: gates become gradients of the preactivations, dc moves on to the step before.
struct BackwardStep {
  int rows;
  int panels;               // of 32 units
  int own_units;            // units of these panels that are no padding
  int k_tiles;              // 4Hp / 32
  const Bf16* dgates_next;  // all gates of the first row; nullptr: nothing comes from a later step
  std::size_t dgates_next_row;
  const Bf16* weights;  // panels of R^T, from the first unit of these
  const float* dy;      // gradient of the output from above, from the first unit; nullptr: zero
  std::size_t dy_row;
  Bf16* gates;  // from the first unit block of these
  std::size_t gates_row;
  const Bf16* c;           // as saved
  const Bf16* c_previous;  // nullptr: zero
  std::size_t c_row;
  float* dc;
  std::size_t dc_row;
};

// Rows of bf16 into left tiles: row m of the result is column m of the rows.
struct PackLeft {
  int rows;                 // K; padded with zeros to a multiple of 32
  const Bf16* const* from;  // (rows); nullptr: zeros
  int columns;              // M, a multiple of 32
  Bf16* packed;
};

// Rows of bf16 into panels whose K are the rows, and the sums of each column.
struct PackRight {
  int rows;  // padded with zeros to a multiple of 32
  const Bf16* from;
  std::size_t from_row;
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
  void (*round_row)(const float* from, int count, Bf16* to, int padded) noexcept;
  void (*widen_row)(const Bf16* from, int count, float* to) noexcept;  // back; count is a multiple of 16
};

// For operands in so many parts: 1 or 2.
std::span<const Variant<Kernels>> variants(int parts);

}  // namespace lstm::kernels::bf16
