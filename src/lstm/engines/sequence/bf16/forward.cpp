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
  int rows = 0;
  for (int t = chunk.first_step; t < chunk.last_step; ++t) {
    scratch.first_row[static_cast<std::size_t>(t - chunk.first_step)] = rows;
    rows += task.samples(state.batch.active(t));
  }
  scratch.first_row[static_cast<std::size_t>(chunk.last_step - chunk.first_step)] = rows;
  const auto project = [&](int first, int last, int t, int packed_row) {
    state.kernels.multiply(
        {.rows = last - first,
         .k_tiles = g.inputs(layer) / kernels::bf16::kTileK,
         .a = state.bands.rows(state.input(layer), g.inputs(layer), t, packed_row, task.distance),
         .b = buffers.W.data() + static_cast<std::size_t>(4 * task.units().first) * g.words(g.inputs(layer)),
         .panels = 4 * task.blocks.size(),
         .c = scratch.sums.data() + static_cast<std::size_t>(first) * kernels::bf16::kGateColumns,
         .c_row = kernels::bf16::kGateColumns,
         .c_pair = static_cast<std::size_t>(rows) * kernels::bf16::kGateColumns,
         .accumulates = false,
         .is_weight_gradient = false});
  };
  // Runs of steps over which the task's rows keep their distance.
  int run_first = 0, run_row = 0, run_t = chunk.first_step;
  for (int t = chunk.first_step; t < chunk.last_step; ++t) {
    const int first = scratch.first_row[static_cast<std::size_t>(t - chunk.first_step)];
    const int last = scratch.first_row[static_cast<std::size_t>(t - chunk.first_step + 1)];
    if (first == last) continue;
    const int packed_row = state.batch.row(t) + task.place(0);
    const bool continues =
        packed_row == run_row + (first - run_first) * task.distance && t < state.bands.end_of_run(run_t);
    if (first != run_first && !continues) {
      project(run_first, first, run_t, run_row);
      run_first = first;
    }
    if (first == run_first) {
      run_row = packed_row;
      run_t = t;
    }
  }
  if (rows > run_first) project(run_first, rows, run_t, run_row);
}

// sums: of the step's rows, in chunks of `chunk_rows`; unused in layers that add their inputs in steps.
void forward_step(State& state, int layer, int d, const RecurrentStep& step, const RecurrenceTask& task,
                  float* sums, int chunk_rows) {
  const Geometry& g = state.geometry;
  DirectionBuffers& buffers = state.direction(layer, d);
  const int own = task.units().first;
  const auto unit = static_cast<std::size_t>(own), Hp = static_cast<std::size_t>(g.Hp);
  const bool adds_inputs = state.adds_inputs_in_steps(layer);
  // Samples [first, last) of the group; they continue from the step before, or start from their initial
  // state.
  const auto run = [&](int first, int last, bool continues) {
    if (first >= last) return;
    const int place = task.place(first), row = step.row + place;
    const auto rows = [&](auto* operand, int columns, int time, int row_of_place, int first_column) {
      return state.bands.rows(operand, columns, time, row_of_place, task.distance, first_column);
    };
    const Bf16 *x = state.input(layer), *h = state.y(layer);
    state.kernels.forward_step(
        {.rows = last - first,
         .unit_blocks = 2 * task.blocks.size(),
         .own_units = g.own_units(task.blocks.first, task.blocks.size()),
         .x = adds_inputs ? rows(x, g.inputs(layer), step.t, row, 0) : ConstRows{},
         .input_weights = buffers.W.data() + 4 * unit * g.words(g.inputs(layer)),
         .input_k_tiles = g.inputs(layer) / kernels::bf16::kTileK,
         .h_previous = continues ? rows(h, g.width, step.t_before, step.row_before + place, d * g.Hp)
                                 : state.initial_h(layer, d, place, task.distance),
         .weights = buffers.R.data() + 4 * unit * g.words(g.Hp),
         .k_tiles = g.Hp / kernels::bf16::kTileK,
         .sums = adds_inputs ? nullptr : sums + static_cast<std::size_t>(first) * kernels::bf16::kGateColumns,
         .sums_block = static_cast<std::size_t>(chunk_rows) * kernels::bf16::kGateColumns,
         .bias = buffers.bias.data() + 4 * unit,
         .gates = rows(buffers.gates.data(), g.gates, step.t, row, 4 * own),
         .gates_pass_caches = state.gates_pass_caches,
         .c = state.buffers.c[static_cast<std::size_t>(d)].data() + static_cast<std::size_t>(place) * Hp +
              unit,
         .c_row = static_cast<std::size_t>(task.distance) * Hp,
         .saved_c = rows(buffers.c.data(), g.Hp, step.t, row, own),
         .h = rows(state.y(layer), g.width, step.t, row, d * g.Hp + own)});
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
        const Chunk& chunk = state.projection_chunks.of_step(step.t);
        if (&chunk != projected) {
          project_chunk(state, layer, d, chunk, task, scratch);
          projected = &chunk;
        }
        const int chunk_rows =
            scratch.first_row[static_cast<std::size_t>(chunk.last_step - chunk.first_step)];
        const int first = scratch.first_row[static_cast<std::size_t>(step.t - chunk.first_step)];
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
