// The forward recurrence of one layer: for each chunk of time steps, the input's product for all of its rows,
// then the steps one by one.
#include <algorithm>

#include "engines/sequence/sequence_state.h"

namespace lstm::engines {
namespace {

// Rows of one unit block that a thread computes while it waits for others, at 123 inputs: some 7 us.
constexpr int kSomeRows = 64;

// Preactivations of a task's rows and unit blocks, one chunk after the other in the order of a direction.
class InputProducts {
 public:
  InputProducts(SequenceState& state, int layer, int d, const RecurrenceTask& task, ThreadScratch& scratch)
      : state_(state), layer_(layer), d_(d), task_(task), scratch_(scratch) {
    begin(0);
  }

  // All of the `index`-th chunk, if it is not there yet.
  void finish(int index) {
    if (index_ > index) return;
    if (row_ > 0) multiply(1, rows_);
    if (block_ < task_.blocks.size()) multiply(task_.blocks.size() - block_, rows_);
    begin(index + 1);
  }
  // Some microseconds' work on the chunk after the `index`-th, for a thread that waits for others; false
  // where all of it is done.
  bool do_some(int index) {
    if (index_ > index + 1 || index_ == chunks() || rows_ == 0) return false;
    multiply(1, kSomeRows);
    if (block_ == task_.blocks.size()) begin(index_ + 1);
    return true;
  }

 private:
  int chunks() const { return static_cast<int>(state_.chunks.all().size()); }

  void begin(int index) {
    index_ = index;
    block_ = row_ = rows_ = 0;
    if (index == chunks()) return;
    chunk_ = &state_.chunks.all()[static_cast<std::size_t>(d_ == 0 ? index : chunks() - 1 - index)];
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
  void multiply(int blocks, int rows) {
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

  SequenceState& state_;
  int layer_, d_;
  const RecurrenceTask& task_;
  ThreadScratch& scratch_;
  // The chunk at hand, its rows of the task, and what comes next of them.
  int index_ = 0;
  const Chunk* chunk_ = nullptr;
  int rows_ = 0;
  int block_ = 0, row_ = 0;  // `block_`: of the task's
};

void forward_step(SequenceState& state, int layer, int d, const RecurrentStep& step, const Chunk& chunk,
                  const RecurrenceTask& task) {
  const SequenceGeometry& g = state.geometry;
  DirectionBuffers& buffers = state.direction(layer, d);
  const std::size_t panel = state.gates_panel(chunk);
  const auto unit = static_cast<std::size_t>(task.blocks.first * g.B);
  float* h = state.y(layer) + d * g.Hp;
  // Samples [first, last) of the group; they continue from the step before, or start from zero.
  const auto run = [&](int first, int last, bool continues) {
    if (first >= last) return;
    const auto row = static_cast<std::size_t>(step.row + task.place(first));
    const auto row_before = static_cast<std::size_t>(step.row_before + task.place(first));
    state.kernels.forward_step(
        {.rows = last - first,
         .unit_blocks = task.blocks.size(),
         .own_units = g.own_units(task.blocks.first, task.blocks.size()),
         .units = g.H,
         .h_previous = continues ? h + row_before * static_cast<std::size_t>(g.width) : nullptr,
         .h_previous_row = static_cast<std::size_t>(g.width),
         .c_previous =
             continues ? buffers.c.data() + row_before * static_cast<std::size_t>(g.Hp) + unit : nullptr,
         .weights = buffers.R.data() + 4 * unit * static_cast<std::size_t>(g.H),
         .gates = state.gates(buffers, chunk, static_cast<int>(row)) +
                  static_cast<std::size_t>(task.blocks.first) * panel,
         .gates_panel = panel,
         .gates_row = static_cast<std::size_t>(g.gate_row),
         .c = buffers.c.data() + row * static_cast<std::size_t>(g.Hp) + unit,
         .h = h + row * static_cast<std::size_t>(g.width) + unit,
         .c_row = static_cast<std::size_t>(g.Hp),
         .h_row = static_cast<std::size_t>(g.width)});
  };
  const int continuing = task.samples(step.rows_before);
  run(0, continuing, true);
  run(continuing, task.samples(step.rows), false);
}

}  // namespace

void forward_recurrence(SequenceState& state, int layer, int thread) {
  if (!state.recurrence.has_task(thread)) return;
  const RecurrenceTask task = state.recurrence.begin(thread, state.batch, state.geometry.U);
  ThreadScratch& scratch = state.buffers.scratch[static_cast<std::size_t>(thread)];
  for (int d = task.directions.first; d < task.directions.last; ++d) {
    InputProducts products(state, layer, d, task, scratch);
    const Chunk* chunk = nullptr;
    int chunks = 0;  // begun
    for (int k = 0; k < state.batch.steps(); ++k) {
      const int t = d == 0 ? k : state.batch.steps() - 1 - k;
      if (chunk != &state.chunks.of_step(t)) {
        chunk = &state.chunks.of_step(t);
        products.finish(chunks++);
      }
      forward_step(state, layer, d, state.batch.step(d, k), *chunk, task);
      state.recurrence.meet_others(thread, [&] { return products.do_some(chunks - 1); });
    }
  }
  state.recurrence.end(thread, state.batch, task);
}

}  // namespace lstm::engines
