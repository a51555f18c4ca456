// The forward recurrence of one layer: for each chunk of time steps, the input's product for all of its rows,
// then the steps one by one. Threads that are done take over samples from those that are not.
#include <x86intrin.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "engines/sequence/input_products.h"

namespace lstm::engines {
namespace {

void forward_step(SequenceState& state, int layer, int d, const RecurrentStep& step, const Chunk& chunk,
                  const RecurrenceTask& task) {
  const SequenceGeometry& g = state.geometry;
  DirectionBuffers& buffers = state.direction(layer, d);
  const std::size_t panel = state.gates_panel(chunk);
  const auto unit = static_cast<std::size_t>(task.blocks.first * g.B);
  float* h = state.y(layer) + d * g.Hp;
  const bool has_initial = state.states.has_initial();
  const StateRows initial_h = state.states.initial_h(layer, d), initial_c = state.states.initial_c(layer, d);
  // Samples [first, last) of the group; they continue from the step before, or start from their initial
  // state.
  const auto run = [&](int first, int last, bool continues) {
    if (first >= last) return;
    const auto row = static_cast<std::size_t>(step.row + task.place(first));
    const auto row_before = static_cast<std::size_t>(step.row_before + task.place(first));
    const float* h_start = has_initial ? initial_h.at(task.place(first)) : nullptr;
    const float* c_start = has_initial ? initial_c.at(task.place(first)) + unit : nullptr;
    state.kernels.forward_step(
        {.rows = last - first,
         .unit_blocks = task.blocks.size(),
         .own_units = g.own_units(task.blocks.first, task.blocks.size()),
         .units = g.H,
         .h_previous = continues ? h + row_before * static_cast<std::size_t>(g.width) : h_start,
         .h_previous_row = static_cast<std::size_t>(continues ? g.width : g.Hp),
         .c_previous =
             continues ? buffers.c.data() + row_before * static_cast<std::size_t>(g.Hp) + unit : c_start,
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

// A thread hands samples over where so many steps are left, and a tile of rows for each of the two.
constexpr int kLeastSteps = 8;

// Hands the later half of the task's rows from the k-th step on to a thread that waits; false where it keeps
// them.
bool hand_over(SequenceState& state, int layer, int d, int k, RecurrenceTask& task) {
  const PackedBatch& batch = state.batch;
  if (state.recurrence.split().unit_parts > 1 || batch.steps() - k < kLeastSteps) return false;
  const int tile = state.geometry.tile_rows;
  const int samples = d == 0 ? task.samples(batch.active(k)) : task.places.size();
  if (samples < 2 * tile) return false;
  const auto rows_left = [&](int i) {
    const int length = batch.length(task.place(i));
    return d == 0 ? length - k : std::min(length, batch.steps() - k);
  };
  std::int64_t all = 0, before = 0;
  for (int i = 0; i < samples; ++i) all += rows_left(i);
  int kept = 0;
  while (2 * before < all) before += rows_left(kept++);
  kept = std::clamp((kept + tile / 2) / tile * tile, tile, samples - 1);  // whole tiles
  const int border = task.place(kept);
  if (!state.handovers[static_cast<std::size_t>(layer)].give({d, k, {border, task.places.last}}))
    return false;
  task.places.last = border;
  return true;
}

// Steps of one direction from the k-th on, whose inputs' products are there if it is not the first of its
// chunk. Returns how many rows it computed.
int forward_steps(SequenceState& state, int layer, int d, int k, RecurrenceTask task, int thread) {
  const PackedBatch& batch = state.batch;
  const Handover& handover = state.handovers[static_cast<std::size_t>(layer)];
  const auto time_of = [&](int step) { return d == 0 ? step : batch.steps() - 1 - step; };
  const auto is_first_of_chunk = [&](int step) {
    const Chunk& chunk = state.chunks.of_step(time_of(step));
    return time_of(step) == (d == 0 ? chunk.first_step : chunk.last_step - 1);
  };
  const int first = state.chunks.forward_index(d, time_of(k)) + (is_first_of_chunk(k) ? 0 : 1);
  InputProducts products(state, layer, d, task, thread, first);
  int rows = 0;
  for (; k < batch.steps(); ++k) {
    if (is_first_of_chunk(k)) products.finish_next();
    const RecurrentStep step = batch.step(d, k);
    forward_step(state, layer, d, step, state.chunks.of_step(time_of(k)), task);
    rows += task.samples(step.rows);
    state.recurrence.meet_others(thread, [&] { return products.do_some(); });
    if (handover.is_wanted() && hand_over(state, layer, d, k + 1, task)) products.take_fewer_samples();
  }
  return rows;
}

}  // namespace

void forward_recurrence(SequenceState& state, int layer, int thread) {
  Handover& handover = state.handovers[static_cast<std::size_t>(layer)];
  if (state.recurrence.has_task(thread)) {
    const RecurrenceTask task = state.recurrence.begin(thread, state.batch, state.geometry.U);
    int rows = 0;
    for (int d = task.directions.first; d < task.directions.last; ++d)
      rows += forward_steps(state, layer, d, 0, task, thread);
    state.recurrence.end(thread, task, rows);
    handover.end();
  }
  for (;;) {
    const std::uint64_t began = __rdtsc();
    const std::optional<RecurrenceRest> rest = handover.wait(state.team.barrier_spin());
    state.recurrence.count_idle(thread, __rdtsc() - began);
    if (!rest) return;
    const RecurrenceTask task{.directions = {rest->direction, rest->direction + 1},
                              .places = rest->places,
                              .blocks = {0, state.geometry.U}};
    forward_steps(state, layer, rest->direction, rest->step, task, thread);
    handover.end();
  }
}

}  // namespace lstm::engines
