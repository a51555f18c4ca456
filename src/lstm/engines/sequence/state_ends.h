// Where the backward recurrence begins, at the ends of the samples, and where it ends, at their starts: the
// same for every dtype. Matrices are (N, Hp) by place.
#pragma once

#include <algorithm>
#include <cstddef>

#include "engines/training/packed_batch.h"
#include "engines/training/range.h"
#include "engines/training/states.h"

namespace lstm::engines {

// The gradient from above of a layer and direction at a packed row (Hp); nullptr where it is zero. State: of
// either engine.
template <class State>
const float* dy_at(const State& state, int layer, int d, int row, int place, bool is_last_step) {
  const bool has_last_only = state.has_last_dy_only(layer);
  if (has_last_only && !is_last_step) return nullptr;
  return (has_last_only ? state.d_last : state.buffers.dy.data()) +
         static_cast<std::size_t>(has_last_only ? place : row) *
             static_cast<std::size_t>(state.geometry.width) +
         d * state.geometry.Hp;
}

// One thread's samples and units of such matrices.
template <class Task>
struct TaskRows {
  const PackedBatch& batch;
  const Task& task;
  Range units;  // with the padding
  int Hp;

  // Calls body(place, where its units lie in the matrix).
  template <class Body>
  void for_each(const Body& body) const {
    for (int i = 0; i < task.samples(batch.samples()); ++i) {
      const int place = task.place(i);
      body(place, static_cast<std::size_t>(place) * static_cast<std::size_t>(Hp) +
                      static_cast<std::size_t>(units.first));
    }
  }
};

// The gradients that the samples end with: dc, and where the batch has gradients of final states dh_end, with
// that of y.
template <class State, class Task>
void begin_at_ends(const State& state, int layer, int direction, const TaskRows<Task>& rows, float* dc,
                   float* dh_end) {
  const int first = rows.units.first, count = rows.units.size();
  if (!state.states.has_final_gradients()) {
    rows.for_each([&](int, std::size_t at) { std::fill_n(dc + at, count, 0.0f); });
    return;
  }
  const StateRows d_h = state.states.d_final_h(layer, direction);
  const StateRows d_c = state.states.d_final_c(layer, direction);
  const PackedBatch& batch = rows.batch;
  rows.for_each([&](int place, std::size_t at) {
    std::copy_n(d_c.at(place) + first, count, dc + at);
    const bool is_last_step = batch.end(direction, place) + 1 == batch.length(place);
    const float* d_y = dy_at(state, layer, direction, batch.end_row(direction, place), place, is_last_step);
    for (int u = 0; u < count; ++u) {
      dh_end[at + static_cast<std::size_t>(u)] =
          d_h.at(place)[first + u] + (d_y == nullptr ? 0.0f : d_y[first + u]);
    }
  });
}

// What dc has come to at the first steps is the gradient of the initial c.
template <class Task>
void end_at_starts(const States& states, int layer, int direction, const TaskRows<Task>& rows,
                   const float* dc) {
  if (!states.has_initial()) return;
  const StateRows d_c = states.d_initial_c(layer, direction);
  rows.for_each([&](int place, std::size_t at) {
    std::copy_n(dc + at, rows.units.size(), d_c.at(place) + rows.units.first);
  });
}

}  // namespace lstm::engines
