// The forward recurrence of one layer in bf16: the steps one by one, each with its input's product, or behind
// that of all rows of a chunk of time steps.
#include <algorithm>

#include "engines/sequence/bf16/state.h"
#include "engines/sequence/state_ends.h"

namespace lstm::engines::bf16 {
namespace {

// x * W of the task's rows and units of one chunk, into the thread's sums.
void project_chunk(State& state, int layer, int d, const Chunk& chunk, const RecurrenceTask& task,
                   ThreadScratch& scratch) {
  const Geometry& g = state.geometry;
  const DirectionBuffers& buffers = state.direction(layer, d);
  const std::size_t inputs = g.words(g.inputs(layer));
  int rows = 0;
  for (int t = chunk.first_step; t < chunk.last_step; ++t) {
    scratch.first_row[static_cast<std::size_t>(t - chunk.first_step)] = rows;
    rows += task.samples(state.batch.active(t));
  }
  scratch.first_row[static_cast<std::size_t>(chunk.last_step - chunk.first_step)] = rows;
  const auto project = [&](int first, int last, int packed_row) {
    const std::size_t row = static_cast<std::size_t>(task.groups) * inputs;
    state.kernels.multiply(
        {.rows = last - first,
         .k_tiles = g.inputs(layer) / kernels::bf16::kTileK,
         .a = state.input(layer) + static_cast<std::size_t>(packed_row) * inputs,
         .a_row = row,
         .a_tile = 16 * row,
         .a_step = g.words(kernels::bf16::kTileK),
         .b = buffers.W.data() +
              static_cast<std::size_t>(task.blocks.first) * 4 * kernels::bf16::kPanelColumns * inputs,
         .panels = 4 * task.blocks.size(),
         .c = scratch.sums.data() + static_cast<std::size_t>(first) * kernels::bf16::kGateColumns,
         .c_row = kernels::bf16::kGateColumns,
         .c_pair = static_cast<std::size_t>(rows) * kernels::bf16::kGateColumns,
         .accumulates = false,
         .is_weight_gradient = false});
  };
  // Runs of steps over which the task's rows keep their distance.
  int run_first = 0, run_row = 0;
  for (int t = chunk.first_step; t < chunk.last_step; ++t) {
    const int first = scratch.first_row[static_cast<std::size_t>(t - chunk.first_step)];
    const int last = scratch.first_row[static_cast<std::size_t>(t - chunk.first_step + 1)];
    if (first == last) continue;
    const int packed_row = state.batch.row(t) + task.place(0);
    if (first != run_first && packed_row != run_row + (first - run_first) * task.groups) {
      project(run_first, first, run_row);
      run_first = first;
    }
    if (first == run_first) run_row = packed_row;
  }
  if (rows > run_first) project(run_first, rows, run_row);
}

// sums: of the step's rows, in chunks of `chunk_rows`; unused in layers that add their inputs in steps.
void forward_step(State& state, int layer, int d, const RecurrentStep& step, const RecurrenceTask& task,
                  float* sums, int chunk_rows) {
  const Geometry& g = state.geometry;
  DirectionBuffers& buffers = state.direction(layer, d);
  const auto groups = static_cast<std::size_t>(task.groups);
  const auto unit = static_cast<std::size_t>(task.blocks.first) * kernels::bf16::kPanelColumns;
  const auto Hp = static_cast<std::size_t>(g.Hp);
  // In words.
  const std::size_t own = g.words(task.blocks.first * kernels::bf16::kPanelColumns), all = g.words(g.Hp);
  const std::size_t width = g.words(g.width), gates = g.words(g.gates), inputs = g.words(g.inputs(layer));
  const bool adds_inputs = state.adds_inputs_in_steps(layer);
  Bf16* h = state.y(layer) + g.words(d * g.Hp);
  // Samples [first, last) of the group; they continue from the step before, or start from their initial
  // state.
  const auto run = [&](int first, int last, bool continues) {
    if (first >= last) return;
    const auto row = static_cast<std::size_t>(step.row + task.place(first));
    const auto row_before = static_cast<std::size_t>(step.row_before + task.place(first));
    state.kernels.forward_step(
        {.rows = last - first,
         .unit_blocks = 2 * task.blocks.size(),
         .own_units = g.own_units(task.blocks.first, task.blocks.size()),
         .x = adds_inputs ? state.input(layer) + row * inputs : nullptr,
         .x_row = groups * inputs,
         .input_weights = buffers.W.data() + 4 * unit * inputs,
         .input_k_tiles = g.inputs(layer) / kernels::bf16::kTileK,
         .h_previous = continues ? h + row_before * width : state.initial_h(layer, d, task.place(first)),
         .h_previous_row = groups * (continues ? width : all),
         .weights = buffers.R.data() + 4 * unit * all,
         .k_tiles = g.Hp / kernels::bf16::kTileK,
         .sums = adds_inputs ? nullptr : sums + static_cast<std::size_t>(first) * kernels::bf16::kGateColumns,
         .sums_block = static_cast<std::size_t>(chunk_rows) * kernels::bf16::kGateColumns,
         .bias = buffers.bias.data() + 4 * unit,
         .gates = buffers.gates.data() + row * gates + 4 * own,
         .gates_row = groups * gates,
         .c = state.buffers.c[static_cast<std::size_t>(d)].data() +
              static_cast<std::size_t>(task.place(first)) * Hp + unit,
         .c_row = groups * Hp,
         .saved_c = buffers.c.data() + row * all + own,
         .saved_c_row = groups * all,
         .h = h + row * width + own,
         .h_row = groups * width});
  };
  const int continuing = task.samples(step.rows_before);
  run(0, continuing, true);
  run(continuing, task.samples(step.rows), false);
}

}  // namespace

void forward_recurrence(State& state, int layer, int thread) {
  if (!state.has_task(thread)) return;
  const RecurrenceTask task = state.task(thread);
  ThreadScratch& scratch = state.buffers.scratch[static_cast<std::size_t>(thread)];
  for (int d = task.directions.first; d < task.directions.last; ++d) {
    const Chunk* projected = nullptr;
    const TaskRows<RecurrenceTask> rows{state.batch, task, task.units(), state.geometry.Hp};
    float* c = state.buffers.c[static_cast<std::size_t>(d)].data();
    if (state.states.has_initial()) {
      const StateRows initial_c = state.states.initial_c(layer, d);
      rows.for_each([&](int place, std::size_t at) {
        std::copy_n(initial_c.at(place) + rows.units.first, rows.units.size(), c + at);
      });
    }
    for (int k = 0; k < state.batch.steps(); ++k) {
      const RecurrentStep step = state.batch.step(d, k);
      if (state.adds_inputs_in_steps(layer)) {
        forward_step(state, layer, d, step, task, nullptr, 0);
      } else {
        const int t = d == 0 ? k : state.batch.steps() - 1 - k;
        const Chunk& chunk = state.projection_chunks.of_step(t);
        if (&chunk != projected) {
          project_chunk(state, layer, d, chunk, task, scratch);
          projected = &chunk;
        }
        const int chunk_rows =
            scratch.first_row[static_cast<std::size_t>(chunk.last_step - chunk.first_step)];
        const int first = scratch.first_row[static_cast<std::size_t>(t - chunk.first_step)];
        forward_step(state, layer, d, step, task,
                     scratch.sums.data() + static_cast<std::size_t>(first) * kernels::bf16::kGateColumns,
                     chunk_rows);
      }
      task.barrier->arrive_and_wait();
    }
    const StateRows final_c = state.states.final_c(layer, d);
    rows.for_each([&](int place, std::size_t at) {
      std::copy_n(c + at, rows.units.size(), final_c.at(place) + rows.units.first);
    });
  }
}

}  // namespace lstm::engines::bf16
