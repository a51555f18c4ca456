#include "engines/sequence/input_products.h"

#include <algorithm>

namespace lstm::engines {
namespace {

// Rows of one unit block that a thread computes while it waits for others, at 123 inputs: some 7 us.
constexpr int kSomeRows = 64;

}  // namespace

InputProducts::InputProducts(SequenceState& state, int layer, int d, const RecurrenceTask& task, int thread,
                             int first)
    : state_(state),
      layer_(layer),
      d_(d),
      task_(task),
      scratch_(state.buffers.scratch[static_cast<std::size_t>(thread)]),
      finished_(first) {
  begin(first);
}

void InputProducts::finish_next() {
  if (index_ > finished_++) return;
  if (row_ > 0) multiply(1, rows_);
  if (block_ < task_.blocks.size()) multiply(task_.blocks.size() - block_, rows_);
  begin(finished_);
}

bool InputProducts::do_some() {
  if (index_ > finished_ || index_ == state_.chunks.count() || rows_ == 0) return false;
  multiply(1, kSomeRows);
  if (block_ == task_.blocks.size()) begin(index_ + 1);
  return true;
}

void InputProducts::begin(int index) {
  index_ = index;
  block_ = row_ = rows_ = 0;
  if (index == state_.chunks.count()) return;
  chunk_ = &state_.chunks.forward(d_, index);
  for (int t = chunk_->first_step; t < chunk_->last_step; ++t) {
    const int samples = task_.samples(state_.batch.active(t));
    for (int i = 0; i < samples; ++i, ++rows_) {
      const auto row = static_cast<std::size_t>(rows_);
      scratch_.x[row] = state_.input(layer_, t, task_.place(i));
      scratch_.gates[row] =
          state_.gates(state_.direction(layer_, d_), *chunk_, state_.batch.row(t) + task_.place(i));
    }
  }
}

// The next rows of the next blocks: several blocks from their first row on only.
void InputProducts::multiply(int blocks, int rows) {
  const SequenceGeometry& g = state_.geometry;
  const int count = std::min(rows, rows_ - row_);
  const DirectionBuffers& buffers = state_.direction(layer_, d_);
  state_.kernels.project({.rows = count,
                          .first_block = task_.blocks.first + block_,
                          .unit_blocks = blocks,
                          .x = scratch_.x.data() + row_,
                          .inputs = g.inputs(layer_),
                          .weights = buffers.W.data(),
                          .bias = buffers.bias.data(),
                          .gates = scratch_.gates.data() + row_,
                          .gates_panel = state_.gates_panel(*chunk_)});
  row_ += count;
  if (row_ < rows_) return;
  row_ = 0;
  block_ += blocks;
}

}  // namespace lstm::engines
