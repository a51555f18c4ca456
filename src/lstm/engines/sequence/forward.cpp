// The forward recurrence of one layer: for each chunk of time steps, the input's product for all of its rows,
// then the steps one by one.
#include "engines/sequence/sequence_state.h"

namespace lstm::engines {
namespace {

// Preactivations of the task's rows and unit blocks of one chunk.
void project_chunk(SequenceState& state, int layer, int d, const Chunk& chunk, const RecurrenceTask& task,
                   ThreadScratch& scratch) {
  const SequenceGeometry& g = state.geometry;
  DirectionBuffers& buffers = state.direction(layer, d);
  const std::size_t panel = state.gates_panel(chunk);
  int rows = 0;
  for (int t = chunk.first_step; t < chunk.last_step; ++t) {
    const int samples = task.samples(state.batch.active(t));
    for (int i = 0; i < samples; ++i, ++rows) {
      const auto row = static_cast<std::size_t>(rows);
      scratch.x[row] = state.input(layer, t, task.place(i));
      scratch.gates[row] = state.gates(buffers, chunk, state.batch.row(t) + task.place(i)) +
                           static_cast<std::size_t>(task.blocks.first) * panel;
    }
  }
  const auto first_block = static_cast<std::size_t>(task.blocks.first) * static_cast<std::size_t>(g.gate_row);
  state.kernels.project(
      {.rows = rows,
       .unit_blocks = task.blocks.size(),
       .x = scratch.x.data(),
       .inputs = g.inputs(layer),
       .weights = buffers.W.data() + first_block * static_cast<std::size_t>(g.inputs(layer)),
       .bias = buffers.bias.data() + first_block,
       .gates = scratch.gates.data(),
       .gates_panel = panel});
}

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
  for (int d = task.first_direction; d < task.last_direction; ++d) {
    const Chunk* projected = nullptr;
    for (int k = 0; k < state.batch.steps(); ++k) {
      const int t = d == 0 ? k : state.batch.steps() - 1 - k;
      const Chunk& chunk = state.chunks.of_step(t);
      if (&chunk != projected) {
        project_chunk(state, layer, d, chunk, task, scratch);
        projected = &chunk;
      }
      forward_step(state, layer, d, state.batch.step(d, k), chunk, task);
      state.recurrence.meet_others(thread);
    }
  }
  state.recurrence.end(thread, state.batch, task);
}

}  // namespace lstm::engines
