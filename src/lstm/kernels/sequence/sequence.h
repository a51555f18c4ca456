// The operations of the sequence engine: an LSTM layer over whole sequences, on packed operands.
//
// Layouts. B is the block width (units handled by one vector), U = ceil(H / B) the number of unit blocks, Hp
// = U * B.
//   gates       (U, rows, 4B)    per chunk of time steps: for each unit block, for each row: i, f, g, o of B
//   units.
//                                Holds preactivations, then activated gates, then gradients of the
//                                preactivations.
//   W, R packed (U, K, 4B)       column g*B + u of block b is gate g of unit b*B + u. K = inputs, or H.
//   back packed (tiles, 4Hp, w)  for products with gradients of gates: rows in the order of `gates`, columns
//   in tiles of
//                                at most 4B; a tile that starts at column c begins at element c * 4Hp. R's
//                                tiles all have w = 4B.
//   weight gradient (U, M, 4B)   M = rows of [inputs | H | 1]: dW, dR and db, all transposed.
// Units of the padding (H <= u < Hp) have weights of zero, and h, c, dc and gradients of gates of zero.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/table.h"

namespace lstm::kernels {

// preactivations = bias + X * W for some rows of one chunk and some unit blocks.
struct Projection {
  int rows;
  int first_block = 0;
  int unit_blocks;
  const float* const* x;    // (rows) where each row of X starts
  int inputs;               // K
  const float* weights;     // W packed
  const float* bias;        // (U, 4B)
  float* const* gates;      // (rows) where each row of unit block 0 goes
  std::size_t gates_panel;  // floats from one unit block to the next
};

// One time step: gates += h_previous * R, activations, cell and output.
struct ForwardStep {
  int rows;
  int unit_blocks;
  int own_units;            // units of these blocks that are no padding
  int units;                // K = H
  const float* h_previous;  // nullptr: the step starts from h = c = 0
  std::size_t h_previous_row;
  const float* c_previous;
  const float* weights;  // R packed, from the first unit block of these
  float* gates;          // in: preactivations; out: activated i, f, g, o
  std::size_t gates_panel, gates_row;
  float* c;
  float* h;
  std::size_t c_row, h_row;  // c_previous has c_row
};

// One time step of backward: gates become gradients of the preactivations, dc moves on to the step before.
struct BackwardStep {
  int rows;
  int unit_blocks;           // blocks of units computed here
  int own_units;             // units of these blocks that are no padding
  int all_unit_blocks;       // U: what the product over gates runs over
  const float* dgates_next;  // first row of unit block 0; nullptr: nothing comes from a later step
  std::size_t dgates_next_panel, dgates_next_row;
  const float* weights;  // R back packed, from the tile of four unit blocks that holds the first of these
  int first_in_panel;    // where in that tile: 0..3
  const float* dy;       // gradient of the output from above, from the first unit; nullptr: zero
  std::size_t dy_row;
  float* gates;  // in: activated gates; out: their gradients
  std::size_t gates_panel, gates_row;
  const float* c;           // from the first unit
  const float* c_previous;  // nullptr: zero
  std::size_t c_row, c_previous_row;
  float* dc;  // in: from the later step; out: for the step before
  std::size_t dc_row;
};

// weight gradient (+)= [X | H | 1]^T * dgates over the rows of one chunk, for one unit block and some rows of
// it.
struct WeightGradient {
  int rows;             // of the chunk: K
  int m;                // rows of the gradient
  const float* packed;  // the same columns of [X | H | 1] packed by pack_rows
  const float* dgates;  // (rows, 4B) of this unit block
  float* gradient;      // (m, 4B) of this unit block
  bool accumulates;     // false: overwritten
};

// dX (+)= dgates * W for some rows of one chunk and one tile of columns.
struct InputGradient {
  int rows;
  int all_unit_blocks;
  int columns;          // a multiple of B, at most 4B
  const float* dgates;  // first row of unit block 0
  std::size_t dgates_panel, dgates_row;
  const float* weights;  // W back packed, from this tile
  float* dx;
  std::size_t dx_row;
  bool accumulates;
};

// Copies some of the M columns of [X | H | 1] into the layout that WeightGradient reads: (columns / tile
// rows, K, tile rows).
struct PackRows {
  int rows;                   // K
  const float* const* first;  // (rows) rows of X
  int first_columns;
  const float* const* second;  // (rows) rows of the previous H; nullptr entries: zero
  int second_columns;
  int begin, end;  // the columns to copy: begin is a multiple of tile rows, end likewise or M
  float* packed;   // end - begin, rounded up to tile rows, times K; column M - 1 is ones
};

// A run of columns of a canonical matrix of gates (4H, ...), and their rows in `W, R packed` or in a weight
// gradient.
struct PackGates {
  int units;               // H
  int columns;             // of the run
  std::size_t matrix_row;  // floats from one row of the canonical matrix to the next
  int first_packed_row;    // where the run's first column lies
  int packed_rows;         // K or M
  int first_block, unit_blocks;
  float* matrix;  // the run's first column of the canonical matrix
  float* packed;  // unit block 0
};

struct SequenceKernels {
  int block;      // B
  int tile_rows;  // rows computed at once
  void (*project)(const Projection&) noexcept;
  void (*forward_step)(const ForwardStep&) noexcept;
  void (*backward_step)(const BackwardStep&) noexcept;
  void (*weight_gradient)(const WeightGradient&) noexcept;
  void (*input_gradient)(const InputGradient&) noexcept;
  void (*pack_rows)(const PackRows&) noexcept;
  void (*pack_gates)(const PackGates&) noexcept;    // matrix -> packed
  void (*unpack_gates)(const PackGates&) noexcept;  // packed -> matrix
};

std::span<const Variant<SequenceKernels>> sequence_variants();

}  // namespace lstm::kernels
