// The backward recurrence of one layer in bf16: gradients of the gates, step by step, in place of the gates.
#include <algorithm>

#include "engines/sequence/bf16/state.h"
#include "engines/sequence/bf16/weight_gradients.h"
#include "engines/sequence/state_ends.h"

namespace lstm::engines::bf16 {
namespace {

void backward_step(State& state, int layer, int d, int k, const RecurrenceTask& task) {
  const Geometry& g = state.geometry;
  const PackedBatch& batch = state.batch;
  DirectionBuffers& buffers = state.direction(layer, d);
  const auto distance = static_cast<std::size_t>(task.distance);
  const int own = task.units().first;
  const auto unit = static_cast<std::size_t>(own);
  const auto Hp = static_cast<std::size_t>(g.Hp), width = static_cast<std::size_t>(g.width);
  const RecurrentStep step = batch.step(d, k);
  const int t = step.t;
  const int next_t = d == 0 ? t + 1 : t - 1;  // the step that continues this one
  const bool is_last_step = next_t < 0 || next_t >= batch.steps();
  const int with_next = is_last_step ? 0 : std::min(step.rows, batch.active(next_t));
  const int not_last = batch.active(t + 1);  // places behind are at their sample's last step

  // All three properties of a place change at most once over the places: at the number that the next time
  // step has.
  const auto run = [&](int first_place, int last_place) {
    const int first = task.samples(first_place), last = task.samples(last_place);
    if (first >= last) return;
    const int place = task.place(first);
    const int row = step.row + place;
    const auto rows = [&](std::span<Bf16> of, int columns, int time, int row_of_place, int first_column) {
      return state.bands.rows(of.data(), columns, time, row_of_place, task.distance, first_column);
    };
    const float* dy = nullptr;
    std::size_t dy_row = width;
    if (first_place >= with_next && state.states.has_final_gradients()) {
      dy = state.buffers.dh_end[static_cast<std::size_t>(d)].data() + static_cast<std::size_t>(place) * Hp;
      dy_row = Hp;
    } else {
      dy = dy_at(state, layer, d, row, place, first_place >= not_last);
    }
    ConstRows c_previous = state.initial_c(layer, d, place, task.distance);
    if (c_previous.start != nullptr) c_previous.start += state.geometry.words(own);
    if (first_place < step.rows_before) {
      c_previous = rows(buffers.c, g.Hp, step.t_before, step.row_before + place, own);
    }
    state.kernels.backward_step({.rows = last - first,
                                 .panels = task.blocks.size(),
                                 .own_units = g.own_units(task.blocks.first, task.blocks.size()),
                                 .k_tiles = g.gates / kernels::bf16::kTileK,
                                 .dgates_next = first_place < with_next ? rows(buffers.gates, g.gates, next_t,
                                                                               batch.row(next_t) + place, 0)
                                                                        : ConstRows{},
                                 .weights = buffers.R_back.data() + unit * g.words(g.gates),
                                 .dy = dy == nullptr ? nullptr : dy + unit,
                                 .dy_row = distance * dy_row,
                                 .gates = rows(buffers.gates, g.gates, t, row, 4 * own),
                                 .c = rows(buffers.c, g.Hp, t, row, own),
                                 .c_previous = c_previous,
                                 .dc = state.buffers.c[static_cast<std::size_t>(d)].data() +
                                       static_cast<std::size_t>(place) * Hp + unit,
                                 .dc_row = distance * Hp});
  };
  const int border = std::min(not_last, step.rows);
  run(0, border);
  run(border, step.rows);
}

}  // namespace

void backward_recurrence(State& state, int layer, int thread, WeightGradients& gradients) {
  if (!state.has_task(thread)) return;
  const RecurrenceTask task = state.task(thread);
  for (int d = task.directions.first; d < task.directions.last; ++d) {
    float* dc = state.buffers.c[static_cast<std::size_t>(d)].data();
    const TaskRows<RecurrenceTask> ends{state.batch, task, task.units(), state.geometry.Hp};
    begin_at_ends(state, layer, d, ends, dc, state.buffers.dh_end[static_cast<std::size_t>(d)].data());
    for (int k = state.batch.steps() - 1; k >= 0; --k) {
      backward_step(state, layer, d, k, task);
      state.backward_progress.advance(layer, thread);
      task.barrier->arrive_and_wait([&] { return gradients.do_some(); });
    }
    end_at_starts(state.states, layer, d, ends, dc);
  }
}

}  // namespace lstm::engines::bf16
