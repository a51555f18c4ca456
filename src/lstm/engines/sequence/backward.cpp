// The backward recurrence of one layer: gradients of the gates, step by step, in place of the gates.
#include <algorithm>

#include "engines/sequence/sequence_state.h"
#include "engines/sequence/state_ends.h"
#include "engines/sequence/weight_gradients.h"

namespace lstm::engines {
namespace {

void backward_step(SequenceState& state, int layer, int d, int k, const RecurrenceTask& task) {
  const SequenceGeometry& g = state.geometry;
  const PackedBatch& batch = state.batch;
  DirectionBuffers& buffers = state.direction(layer, d);
  const auto unit = static_cast<std::size_t>(task.blocks.first * g.B);
  const auto width = static_cast<std::size_t>(g.width);
  const auto Hp = static_cast<std::size_t>(g.Hp);
  const RecurrentStep step = batch.step(d, k);
  const int t = step.t;
  const int next_t = d == 0 ? t + 1 : t - 1;  // the step that continues this one
  const Chunk& chunk = state.chunks.of_step(t);
  const Chunk* next_chunk = next_t >= 0 && next_t < batch.steps() ? &state.chunks.of_step(next_t) : nullptr;
  const int with_next = next_chunk == nullptr ? 0 : std::min(step.rows, batch.active(next_t));
  const int not_last = batch.active(t + 1);  // places behind are at their sample's last step

  const auto run = [&](int first, int last, bool has_next, bool has_previous, bool is_last) {
    if (first >= last) return;
    const int place = task.place(first);
    const auto row = static_cast<std::size_t>(step.row + place);
    const auto row_before = static_cast<std::size_t>(step.row_before + place);
    const float* dy = nullptr;
    auto dy_row = width;
    if (!has_next && state.states.has_final_gradients()) {
      dy = state.buffers.dh_end[static_cast<std::size_t>(d)].data() + static_cast<std::size_t>(place) * Hp;
      dy_row = Hp;
    } else {
      dy = dy_at(state, layer, d, static_cast<int>(row), place, is_last);
    }
    const float* c_start = state.states.has_initial() ? state.states.initial_c(layer, d).at(place) : nullptr;
    state.kernels.backward_step(
        {.rows = last - first,
         .unit_blocks = task.blocks.size(),
         .own_units = g.own_units(task.blocks.first, task.blocks.size()),
         .all_unit_blocks = g.U,
         .dgates_next = has_next ? state.gates(buffers, *next_chunk, batch.row(next_t) + place) : nullptr,
         .dgates_next_panel = has_next ? state.gates_panel(*next_chunk) : 0,
         .dgates_next_row = static_cast<std::size_t>(g.gate_row),
         .weights = buffers.R_back.data() + static_cast<std::size_t>(task.blocks.first / 4 * g.gate_row) *
                                                static_cast<std::size_t>(g.gates),
         .first_in_panel = task.blocks.first % 4,
         .dy = dy == nullptr ? nullptr : dy + unit,
         .dy_row = dy_row,
         .gates = state.gates(buffers, chunk, static_cast<int>(row)) +
                  static_cast<std::size_t>(task.blocks.first) * state.gates_panel(chunk),
         .gates_panel = state.gates_panel(chunk),
         .gates_row = static_cast<std::size_t>(g.gate_row),
         .c = buffers.c.data() + row * Hp + unit,
         .c_previous = has_previous         ? buffers.c.data() + row_before * Hp + unit
                       : c_start != nullptr ? c_start + unit
                                            : nullptr,
         .c_row = Hp,
         .c_previous_row = Hp,
         .dc = state.buffers.dc[static_cast<std::size_t>(d)].data() + static_cast<std::size_t>(place) * Hp +
               unit,
         .dc_row = Hp});
  };
  // All three properties change at most once over the places: at the number that the next time step has.
  const int border = std::min(not_last, step.rows);
  const auto run_places = [&](int first_place, int last_place) {
    run(task.samples(first_place), task.samples(last_place), first_place < with_next,
        first_place < step.rows_before, first_place >= not_last);
  };
  run_places(0, border);
  run_places(border, step.rows);
}

}  // namespace

void backward_recurrence(SequenceState& state, int layer, int thread, WeightGradients& gradients) {
  if (!state.recurrence.has_task(thread)) return;
  const RecurrenceTask task = state.recurrence.begin(thread, state.batch, state.geometry.U);
  const SequenceGeometry& g = state.geometry;
  int rows = 0;
  for (int d = task.directions.first; d < task.directions.last; ++d) {
    const TaskRows<RecurrenceTask> ends{
        state.batch, task, {task.blocks.first * g.B, task.blocks.last * g.B}, g.Hp};
    float* dc = state.buffers.dc[static_cast<std::size_t>(d)].data();
    begin_at_ends(state, layer, d, ends, dc, state.buffers.dh_end[static_cast<std::size_t>(d)].data());
    for (int k = state.batch.steps() - 1; k >= 0; --k) {
      backward_step(state, layer, d, k, task);
      rows += task.samples(state.batch.step(d, k).rows);
      state.backward_progress.advance(layer, thread);
      state.recurrence.meet_others(thread, [&] { return gradients.do_some(); });
    }
    end_at_starts(state.states, layer, d, ends, dc);
  }
  state.recurrence.end(thread, task, rows);
}

}  // namespace lstm::engines
