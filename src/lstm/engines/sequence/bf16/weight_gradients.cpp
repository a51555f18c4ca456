#include "engines/sequence/bf16/weight_gradients.h"

#include <algorithm>

#include "cpu/spin.h"

namespace lstm::engines::bf16 {
namespace {

// Rows of four unit blocks' gradient that a thread computes while it waits for others: on AMX some 10 us.
constexpr int kSomeRows = 64;

// The rows of a chunk into scratch.rows.
void list_rows(const State& state, const Chunk& chunk, const Bf16* operand, int columns,
               ThreadScratch& scratch) {
  std::size_t i = 0;
  for (int t = chunk.first_step; t < chunk.last_step; ++t) {
    for (int row = state.batch.row(t); row < state.batch.row(t + 1); ++row, ++i) {
      scratch.rows[i] = state.bands.row(operand, columns, t, row);
    }
  }
}

// [X | H before] of one chunk, transposed.
void pack_left(State& state, int layer, int d, const Chunk& chunk, ThreadScratch& scratch) {
  const Geometry& g = state.geometry;
  const PackedBatch& batch = state.batch;
  const int k_tiles = (chunk.rows + kernels::bf16::kTileK - 1) / kernels::bf16::kTileK;
  const std::size_t inputs = g.words(g.inputs(layer));
  list_rows(state, chunk, state.input(layer), g.inputs(layer), scratch);
  state.kernels.pack_left({.rows = chunk.rows,
                           .from = scratch.rows.data(),
                           .columns = g.inputs(layer),
                           .packed = scratch.left.data()});
  std::size_t row = 0;
  for (int t = chunk.first_step; t < chunk.last_step; ++t) {
    const RecurrentStep step = batch.step(d, d == 0 ? t : batch.steps() - 1 - t);
    for (int place = 0; place < step.rows; ++place, ++row) {
      const ConstRows h = place < step.rows_before
                              ? state.bands.rows<const Bf16>(state.y(layer), g.width, step.t_before,
                                                             step.row_before + place, 1, d * g.Hp)
                              : state.initial_h(layer, d, place);
      scratch.rows[row] = {h.start, h.step};
    }
  }
  state.kernels.pack_left(
      {.rows = chunk.rows,
       .from = scratch.rows.data(),
       .columns = g.Hp,
       .packed = scratch.left.data() + inputs * static_cast<std::size_t>(k_tiles * kernels::bf16::kTileK)});
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

}  // namespace

WeightGradients::WeightGradients(State& state, int layer, int thread)
    : state_(state),
      layer_(layer),
      scratch_(state.buffers.scratch[static_cast<std::size_t>(thread)]),
      mine_(part_of(state.geometry.D * state.geometry.blocks, thread, state.team.threads())) {
  begin(0);
}

bool WeightGradients::do_some() {
  return do_some(kSomeRows);
}

void WeightGradients::finish() {
  const int rows = state_.geometry.gradient_rows(layer_);
  const auto is_over = [&] { return state_.backward_progress.has_all(state_.split, layer_); };
  while (!is_over()) {
    if (do_some(rows)) continue;
    cpu::spin_then_yield(state_.team.barrier_spin(), [&] { return is_over() || is_ready(); });
  }
  while (do_some(rows)) {
  }
}

bool WeightGradients::do_some(int rows) {
  if (!is_ready()) return false;
  const Chunk& chunk = state_.gradient_chunks.backward(direction_, index_);
  if (!is_packed_) {
    pack_left(state_, layer_, direction_, chunk, scratch_);
    is_packed_ = true;
    return true;
  }
  add(chunk, rows);
  if (block_ < blocks_.last) return true;
  block_ = blocks_.first;
  is_ready_ = is_packed_ = false;
  if (++index_ == state_.gradient_chunks.count()) {
    unpack_gradient(state_, layer_, direction_, blocks_);
    begin(direction_ + 1);
  }
  return true;
}

// The first direction from `d` on of which the thread has blocks.
void WeightGradients::begin(int d) {
  const int all = state_.geometry.blocks;
  for (direction_ = d; direction_ < state_.geometry.D; ++direction_) {
    blocks_ = {std::clamp(mine_.first - direction_ * all, 0, all),
               std::clamp(mine_.last - direction_ * all, 0, all)};
    if (blocks_.size() > 0) break;
  }
  index_ = row_ = 0;
  block_ = blocks_.first;
  is_ready_ = is_packed_ = false;
}

bool WeightGradients::is_ready() {
  if (direction_ == state_.geometry.D) return false;
  if (!is_ready_) {
    is_ready_ = state_.backward_progress.has(state_.split, layer_, direction_,
                                             state_.gradient_chunks.backward(direction_, index_));
  }
  return is_ready_;
}

// Adds some rows of the next unit blocks' gradient of this chunk.
void WeightGradients::add(const Chunk& chunk, int rows) {
  const Geometry& g = state_.geometry;
  const int k_tiles = (chunk.rows + kernels::bf16::kTileK - 1) / kernels::bf16::kTileK;
  const int m = g.gradient_rows(layer_), panels = 2 * std::min(kGradientBlocks, blocks_.last - block_);
  const int first_column = block_ * kernels::bf16::kGateColumns;
  const auto column = static_cast<std::size_t>(first_column);
  const bool accumulates = index_ > 0;
  if (row_ == 0) {
    list_rows(state_, chunk, state_.direction(layer_, direction_).gates.data(), g.gates, scratch_);
    state_.kernels.pack_right(
        {.rows = chunk.rows,
         .from = scratch_.rows.data(),
         .first_panel = first_column / kernels::bf16::kPanelColumns,
         .panels = panels,
         .packed = scratch_.right.data(),
         .sums = state_.buffers.d_bias[static_cast<std::size_t>(direction_)].data() + column,
         .accumulates = accumulates});
  }
  const auto row = static_cast<std::size_t>(row_);
  const std::size_t left_tile = static_cast<std::size_t>(k_tiles) * g.words(kernels::bf16::kTileElements);
  const int count = std::min(rows, m - row_);
  state_.kernels.multiply({.rows = count,
                           .k_tiles = k_tiles,
                           .a = {scratch_.left.data() + row / 16 * left_tile, kernels::bf16::kTileK,
                                 left_tile, g.words(kernels::bf16::kTileElements)},
                           .b = scratch_.right.data(),
                           .panels = panels,
                           .c = state_.buffers.gradients[static_cast<std::size_t>(direction_)].data() +
                                column * static_cast<std::size_t>(m) + row * kernels::bf16::kGateColumns,
                           .c_row = kernels::bf16::kGateColumns,
                           .c_pair = static_cast<std::size_t>(m) * kernels::bf16::kGateColumns,
                           .accumulates = accumulates,
                           .is_weight_gradient = true});
  row_ += count;
  if (row_ < m) return;
  row_ = 0;
  block_ += panels / 2;
}

}  // namespace lstm::engines::bf16
