// The products of backward that need no order in time, in bf16: gradients of weights and of a layer's input.
#include <algorithm>

#include "engines/sequence/bf16/state.h"

namespace lstm::engines::bf16 {
namespace {

// [X | H before] of one chunk, transposed.
void pack_left(State& state, int layer, int d, const Chunk& chunk, ThreadScratch& scratch) {
  const Geometry& g = state.geometry;
  const PackedBatch& batch = state.batch;
  const int k_tiles = (chunk.rows + kernels::bf16::kTileK - 1) / kernels::bf16::kTileK;
  const std::size_t inputs = g.words(g.inputs(layer));
  for (int i = 0; i < chunk.rows; ++i) {
    scratch.rows[static_cast<std::size_t>(i)] =
        state.input(layer) + static_cast<std::size_t>(chunk.first_row + i) * inputs;
  }
  state.kernels.pack_left({.rows = chunk.rows,
                           .from = scratch.rows.data(),
                           .columns = g.inputs(layer),
                           .packed = scratch.left.data()});
  const Bf16* h = state.y(layer) + g.words(d * g.Hp);
  std::size_t row = 0;
  for (int t = chunk.first_step; t < chunk.last_step; ++t) {
    const RecurrentStep step = batch.step(d, d == 0 ? t : batch.steps() - 1 - t);
    for (int place = 0; place < step.rows; ++place, ++row) {
      scratch.rows[row] = place < step.rows_before
                              ? h + static_cast<std::size_t>(step.row_before + place) * g.words(g.width)
                              : nullptr;
    }
  }
  state.kernels.pack_left(
      {.rows = chunk.rows,
       .from = scratch.rows.data(),
       .columns = g.Hp,
       .packed = scratch.left.data() + inputs * static_cast<std::size_t>(k_tiles * kernels::bf16::kTileK)});
}

// Adds one chunk to the gradient of some unit blocks.
void add_chunk(State& state, int layer, int d, const Chunk& chunk, Range blocks, bool accumulates,
               ThreadScratch& scratch) {
  const Geometry& g = state.geometry;
  const int k_tiles = (chunk.rows + kernels::bf16::kTileK - 1) / kernels::bf16::kTileK;
  const int m = g.gradient_rows(layer);
  const std::size_t gates = g.words(g.gates);
  const int first_column = blocks.first * kernels::bf16::kGateColumns;
  const auto column = static_cast<std::size_t>(first_column);
  state.kernels.pack_right({.rows = chunk.rows,
                            .from = state.direction(layer, d).gates.data() +
                                    static_cast<std::size_t>(chunk.first_row) * gates + g.words(first_column),
                            .from_row = gates,
                            .panels = 2 * blocks.size(),
                            .packed = scratch.right.data(),
                            .sums = state.buffers.d_bias[static_cast<std::size_t>(d)].data() + column,
                            .accumulates = accumulates});
  state.kernels.multiply({.rows = m,
                          .k_tiles = k_tiles,
                          .a = scratch.left.data(),
                          .a_row = kernels::bf16::kTileK,
                          .a_tile = static_cast<std::size_t>(k_tiles) * g.words(kernels::bf16::kTileElements),
                          .a_step = g.words(kernels::bf16::kTileElements),
                          .b = scratch.right.data(),
                          .panels = 2 * blocks.size(),
                          .c = state.buffers.gradients[static_cast<std::size_t>(d)].data() +
                               column * static_cast<std::size_t>(m),
                          .c_row = kernels::bf16::kGateColumns,
                          .c_pair = static_cast<std::size_t>(m) * kernels::bf16::kGateColumns,
                          .accumulates = accumulates,
                          .is_weight_gradient = true});
}

// The gradient of these unit blocks into the canonical layout.
void unpack_gradient(State& state, int layer, int d, Range blocks) {
  const Geometry& g = state.geometry;
  const DirectionTensors to = state.store.gradients(layer, d);
  const auto unpack = [&](float* matrix, int matrix_row, int columns, int first_row) {
    state.kernels.unpack_gradient(
        {.units = g.H,
         .sums = state.buffers.gradients[static_cast<std::size_t>(d)].data() +
                 static_cast<std::size_t>(first_row) * kernels::bf16::kGateColumns,
         .sums_block = static_cast<std::size_t>(g.gradient_rows(layer)) * kernels::bf16::kGateColumns,
         .first_block = blocks.first,
         .last_block = blocks.last,
         .columns = columns,
         .matrix = matrix,
         .matrix_row = static_cast<std::size_t>(matrix_row)});
  };
  const int inputs = state.network.layer_inputs(layer);
  if (layer == 0) {
    unpack(to.W, inputs, inputs, 0);
  } else {
    for (int below = 0; below < g.D; ++below) unpack(to.W + below * g.H, inputs, g.H, below * g.Hp);
  }
  unpack(to.R, g.H, g.H, g.inputs(layer));
  const float* d_bias = state.buffers.d_bias[static_cast<std::size_t>(d)].data();
  for (int unit = blocks.first * kernels::bf16::kUnits;
       unit < std::min(g.H, blocks.last * kernels::bf16::kUnits); ++unit) {
    for (int gate = 0; gate < 4; ++gate) {
      const int column = unit / kernels::bf16::kUnits * kernels::bf16::kGateColumns +
                         gate * kernels::bf16::kUnits + unit % kernels::bf16::kUnits;
      to.b_W[gate * g.H + unit] = to.b_R[gate * g.H + unit] = d_bias[column];
    }
  }
}

// Rows of the input gradient computed at once, times parts: their gradients of gates stay in the second-level
// cache while all columns pass by.
constexpr int kInputGradientRows = 256;

void input_gradient_rows(State& state, int layer, Range rows) {
  const Geometry& g = state.geometry;
  const auto width = static_cast<std::size_t>(g.width);
  const std::size_t gates = g.words(g.gates);
  for (int d = 0; d < g.D; ++d) {
    const DirectionBuffers& buffers = state.direction(layer, d);
    state.kernels.multiply({.rows = rows.size(),
                            .k_tiles = g.gates / kernels::bf16::kTileK,
                            .a = buffers.gates.data() + static_cast<std::size_t>(rows.first) * gates,
                            .a_row = gates,
                            .a_tile = 16 * gates,
                            .a_step = g.words(kernels::bf16::kTileK),
                            .b = buffers.W_back.data(),
                            .panels = g.inputs(layer) / kernels::bf16::kPanelColumns,
                            .c = state.buffers.dy.data() + static_cast<std::size_t>(rows.first) * width,
                            .c_row = width,
                            .c_pair = 2 * kernels::bf16::kPanelColumns,
                            .accumulates = d > 0,
                            .is_weight_gradient = false});
  }
}

}  // namespace

// Each thread has some unit blocks and goes through all chunks with them, so that no two threads add to the
// same gradient and the order of every sum is that of the chunks, for any number of threads.
void weight_gradients(State& state, int layer, int thread) {
  const Geometry& g = state.geometry;
  ThreadScratch& scratch = state.buffers.scratch[static_cast<std::size_t>(thread)];
  const Range mine = part_of(g.D * g.blocks, thread, state.team.threads());
  for (int d = 0; d < g.D; ++d) {
    const Range blocks = {std::clamp(mine.first - d * g.blocks, 0, g.blocks),
                          std::clamp(mine.last - d * g.blocks, 0, g.blocks)};
    if (blocks.size() == 0) continue;
    bool accumulates = false;
    for (const Chunk& chunk : state.gradient_chunks.all()) {
      pack_left(state, layer, d, chunk, scratch);
      for (int block = blocks.first; block < blocks.last; block += kGradientBlocks) {
        add_chunk(state, layer, d, chunk, {block, std::min(block + kGradientBlocks, blocks.last)},
                  accumulates, scratch);
      }
      accumulates = true;
    }
    unpack_gradient(state, layer, d, blocks);
  }
}

// dX of a layer is dy of the one below. Parts are taken by whichever thread is free: no row depends on
// another.
void input_gradients(State& state, int layer, int) {
  const int rows = state.batch.rows();
  const int rows_at_once = kInputGradientRows / state.geometry.P;
  for (;;) {
    const int first = state.next_part.fetch_add(1, std::memory_order_relaxed) * rows_at_once;
    if (first >= rows) return;
    input_gradient_rows(state, layer, {first, std::min(rows, first + rows_at_once)});
  }
}

}  // namespace lstm::engines::bf16
