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
  const auto groups = static_cast<std::size_t>(task.groups);
  const auto unit = static_cast<std::size_t>(task.blocks.first) * kernels::bf16::kPanelColumns;
  const auto Hp = static_cast<std::size_t>(g.Hp), width = static_cast<std::size_t>(g.width);
  // In words.
  const std::size_t own = g.words(task.blocks.first * kernels::bf16::kPanelColumns), all = g.words(g.Hp);
  const std::size_t gates = g.words(g.gates);
  const int t = d == 0 ? k : batch.steps() - 1 - k;
  const int next_t = d == 0 ? t + 1 : t - 1;  // the step that continues this one
  const RecurrentStep step = batch.step(d, k);
  const bool is_last_step = next_t < 0 || next_t >= batch.steps();
  const int with_next = is_last_step ? 0 : std::min(step.rows, batch.active(next_t));
  const int not_last = batch.active(t + 1);  // places behind are at their sample's last step

  // All three properties of a place change at most once over the places: at the number that the next time
  // step has.
  const auto run = [&](int first_place, int last_place) {
    const int first = task.samples(first_place), last = task.samples(last_place);
    if (first >= last) return;
    const int place = task.place(first);
    const auto row = static_cast<std::size_t>(step.row + place);
    const auto row_before = static_cast<std::size_t>(step.row_before + place);
    const float* dy = nullptr;
    std::size_t dy_row = width;
    if (first_place >= with_next && state.states.has_final_gradients()) {
      dy = state.buffers.dh_end[static_cast<std::size_t>(d)].data() + static_cast<std::size_t>(place) * Hp;
      dy_row = Hp;
    } else {
      dy = dy_at(state, layer, d, static_cast<int>(row), place, first_place >= not_last);
    }
    const Bf16* c_start = state.initial_c(layer, d, place);
    state.kernels.backward_step(
        {.rows = last - first,
         .panels = task.blocks.size(),
         .own_units = g.own_units(task.blocks.first, task.blocks.size()),
         .k_tiles = g.gates / kernels::bf16::kTileK,
         .dgates_next =
             first_place < with_next
                 ? buffers.gates.data() + static_cast<std::size_t>(batch.row(next_t) + place) * gates
                 : nullptr,
         .dgates_next_row = groups * gates,
         .weights = buffers.R_back.data() + unit * gates,
         .dy = dy == nullptr ? nullptr : dy + unit,
         .dy_row = groups * dy_row,
         .gates = buffers.gates.data() + row * gates + 4 * own,
         .gates_row = groups * gates,
         .c = buffers.c.data() + row * all + own,
         .c_previous = first_place < step.rows_before ? buffers.c.data() + row_before * all + own
                       : c_start != nullptr           ? c_start + own
                                                      : nullptr,
         .c_row = groups * all,
         .dc = state.buffers.c[static_cast<std::size_t>(d)].data() + static_cast<std::size_t>(place) * Hp +
               unit,
         .dc_row = groups * Hp});
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
