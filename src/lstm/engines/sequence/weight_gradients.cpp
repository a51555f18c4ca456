#include "engines/sequence/weight_gradients.h"

#include <x86intrin.h>

#include <algorithm>
#include <cstdint>

namespace lstm::engines {
namespace {

// Tiles of a job's rows that a thread computes while it waits for others: for a chunk of 256 rows some 10 us.
constexpr int kSomeTiles = 12;

// Rows `m` of the gradient of these unit blocks into the canonical layout, where they are columns.
void unpack_gradient(SequenceState& state, int layer, int d, Range m, Range blocks) {
  const SequenceGeometry& g = state.geometry;
  const DirectionTensors to = state.store.gradients(layer, d);
  const auto unpack = [&](float* matrix, int matrix_columns, int columns, int packed_row) {
    const int first = std::max(packed_row, m.first), last = std::min(packed_row + columns, m.last);
    if (first >= last) return;
    state.kernels.unpack_gates({.units = g.H,
                                .columns = last - first,
                                .matrix_row = static_cast<std::size_t>(matrix_columns),
                                .first_packed_row = first,
                                .packed_rows = g.gradient_rows(layer),
                                .first_block = blocks.first,
                                .unit_blocks = blocks.size(),
                                .matrix = matrix + first - packed_row,
                                .packed = state.buffers.gradients[static_cast<std::size_t>(d)].data()});
  };
  const int inputs = state.network.layer_inputs(layer);
  if (layer == 0) {
    unpack(to.W, inputs, inputs, 0);
  } else {
    for (int below = 0; below < g.D; ++below) unpack(to.W + below * g.H, inputs, g.H, below * g.Hp);
  }
  unpack(to.R, g.H, g.H, g.inputs(layer));
  unpack(to.b_W, 1, 1, g.gradient_rows(layer) - 1);
  unpack(to.b_R, 1, 1, g.gradient_rows(layer) - 1);
}

}  // namespace

WeightGradients::WeightGradients(SequenceState& state, int layer, int thread)
    : state_(state),
      layer_(layer),
      thread_(thread),
      scratch_(state.buffers.scratch[static_cast<std::size_t>(thread)]),
      jobs_(state.gradient_jobs[static_cast<std::size_t>(layer)]) {}

bool WeightGradients::do_some() {
  return do_some(kSomeTiles);
}

void WeightGradients::finish() {
  const int tiles = state_.geometry.gradient_tiles(layer_);
  const auto is_over = [&] { return state_.backward_progress.has_all(state_.recurrence.split(), layer_); };
  while (!is_over()) {
    if (do_some(tiles)) continue;
    const std::uint64_t began = __rdtsc();
    cpu::spin_then_yield(state_.team.barrier_spin(), [&] { return is_over() || begin_turn(); });
    state_.recurrence.count_idle(thread_, __rdtsc() - began);
  }
  while (do_some(tiles)) {
  }
}

bool WeightGradients::do_some(int tiles) {
  if (!turn_ && !begin_turn()) return false;
  const int rows = tiles * state_.geometry.tile_rows;
  if (packed_ < m_.size()) {
    pack(rows);
  } else if (block_ < blocks_.last) {
    multiply(rows);
  }
  if (block_ == blocks_.last) end_turn();
  return true;
}

bool WeightGradients::begin_turn() {
  const SequenceGeometry& g = state_.geometry;
  const GradientParts& parts = state_.buffers.gradient_parts;
  const int count = state_.chunks.count();
  const int parts_of_all = parts.rows * parts.units;
  const Range own = part_of(g.D * parts_of_all, thread_, state_.team.threads());
  turn_ = jobs_.take(count, own, [&](int job, int chunk) { return is_ready(job / parts_of_all, chunk); });
  if (!turn_) return false;
  const int d = turn_->job / parts_of_all, part = turn_->job % parts_of_all;
  const int all_rows = g.gradient_rows(layer_);
  const Range tiles = part_of(g.gradient_tiles(layer_), part / parts.units, parts.rows);
  direction_ = d;
  chunk_ = &state_.chunks.backward(d, turn_->chunk);
  m_ = {std::min(tiles.first * g.tile_rows, all_rows), std::min(tiles.last * g.tile_rows, all_rows)};
  blocks_ = part_of(g.U, part % parts.units, parts.units);
  packed_ = 0;
  block_ =
      m_.size() == 0 ? blocks_.last : blocks_.first;  // a layer may have fewer tiles than there are parts
  row_ = 0;
  return true;
}

bool WeightGradients::is_ready(int d, int chunk) {
  int& ready = ready_[d];
  while (ready <= chunk &&
         state_.backward_progress.has(state_.recurrence.split(), layer_, d, state_.chunks.backward(d, ready)))
    ++ready;
  return chunk < ready;
}

// Some columns of [X | H before | 1] of the chunk.
void WeightGradients::pack(int rows) {
  const SequenceGeometry& g = state_.geometry;
  const PackedBatch& batch = state_.batch;
  if (packed_ == 0) {
    const float* h = state_.y(layer_) + direction_ * g.Hp;
    const StateRows initial_h = state_.states.initial_h(layer_, direction_);
    std::size_t row = 0;
    for (int t = chunk_->first_step; t < chunk_->last_step; ++t) {
      const RecurrentStep step = batch.step(direction_, direction_ == 0 ? t : batch.steps() - 1 - t);
      for (int place = 0; place < step.rows; ++place, ++row) {
        scratch_.x[row] = state_.input(layer_, t, place);
        if (place < step.rows_before) {
          scratch_.h[row] =
              h + static_cast<std::size_t>(step.row_before + place) * static_cast<std::size_t>(g.width);
        } else {
          scratch_.h[row] = state_.states.has_initial() ? initial_h.at(place) : nullptr;
        }
      }
    }
  }
  const int count = std::min(rows, m_.size() - packed_);
  state_.kernels.pack_rows({.rows = chunk_->rows,
                            .first = scratch_.x.data(),
                            .first_columns = g.inputs(layer_),
                            .second = scratch_.h.data(),
                            .second_columns = g.H,
                            .begin = m_.first + packed_,
                            .end = m_.first + packed_ + count,
                            .packed = packed_row(packed_)});
  packed_ += count;
}

// Some rows of one unit block's gradient.
void WeightGradients::multiply(int rows) {
  const SequenceGeometry& g = state_.geometry;
  const int count = std::min(rows, m_.size() - row_);
  const std::size_t row =
      static_cast<std::size_t>(block_) * static_cast<std::size_t>(g.gradient_rows(layer_)) +
      static_cast<std::size_t>(m_.first + row_);
  state_.kernels.weight_gradient(
      {.rows = chunk_->rows,
       .m = count,
       .packed = packed_row(row_),
       .dgates = state_.gates(state_.direction(layer_, direction_), *chunk_, chunk_->first_row) +
                 static_cast<std::size_t>(block_) * state_.gates_panel(*chunk_),
       .gradient = state_.buffers.gradients[static_cast<std::size_t>(direction_)].data() +
                   row * static_cast<std::size_t>(g.gate_row),
       .accumulates = turn_->chunk > 0});
  row_ += count;
  if (row_ < m_.size()) return;
  row_ = 0;
  ++block_;
}

void WeightGradients::end_turn() {
  if (turn_->chunk + 1 == state_.chunks.count()) unpack_gradient(state_, layer_, direction_, m_, blocks_);
  jobs_.give_back(*turn_);
  turn_.reset();
}

}  // namespace lstm::engines
