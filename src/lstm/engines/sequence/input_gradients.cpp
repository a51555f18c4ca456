// The gradients of a layer's input and of its initial states, after the recurrences of all its directions.
#include <algorithm>

#include "engines/sequence/sequence_state.h"

namespace lstm::engines {
namespace {

// dX of some packed rows of a chunk.
void input_gradient_rows(SequenceState& state, int layer, const Chunk& chunk, Range rows) {
  const SequenceGeometry& g = state.geometry;
  const int columns = g.d_inputs(layer);
  float* dx =
      state.buffers.dy.data() + static_cast<std::size_t>(rows.first) * static_cast<std::size_t>(columns);
  for (int d = 0; d < g.D; ++d) {
    DirectionBuffers& buffers = state.direction(layer, d);
    for (int column = 0; column < columns; column += g.gate_row) {
      state.kernels.input_gradient({.rows = rows.size(),
                                    .all_unit_blocks = g.U,
                                    .columns = std::min(g.gate_row, columns - column),
                                    .dgates = state.gates(buffers, chunk, rows.first),
                                    .dgates_panel = state.gates_panel(chunk),
                                    .dgates_row = static_cast<std::size_t>(g.gate_row),
                                    .weights = buffers.W_back.data() + static_cast<std::size_t>(column) *
                                                                           static_cast<std::size_t>(g.gates),
                                    .dx = dx + column,
                                    .dx_row = static_cast<std::size_t>(columns),
                                    .accumulates = d > 0});
    }
  }
}

}  // namespace

// Rows of the input gradient computed at once: their gradients of gates stay in the
// second-level cache while all columns pass by.
constexpr int kInputGradientRows = 128;

// dX of a layer is dy of the one below, or the gradient of x. Parts of chunks are taken by whichever thread
// is free: no row depends on another.
void input_gradients(SequenceState& state, int layer) {
  const Chunks& chunks = state.chunks;
  const int parts = (chunks.most_rows() + kInputGradientRows - 1) / kInputGradientRows;
  for (;;) {
    const int index = state.next_input_part.fetch_add(1, std::memory_order_relaxed);
    if (index >= chunks.count() * parts) return;
    const Chunk& chunk = chunks.forward(0, index / parts);
    const Range rows = part_of(chunk.rows, index % parts, parts);
    if (rows.size() > 0)
      input_gradient_rows(state, layer, chunk, {chunk.first_row + rows.first, chunk.first_row + rows.last});
  }
}

// dh of the initial states: gradients of the gates of the first steps times R, a tile of columns for each
// turn of the threads.
void initial_state_gradients(SequenceState& state, int thread) {
  const SequenceGeometry& g = state.geometry;
  const PackedBatch& batch = state.batch;
  int turn = 0;
  for (int layer = 0; layer < state.network.layers; ++layer) {
    for (int d = 0; d < g.D; ++d) {
      DirectionBuffers& buffers = state.direction(layer, d);
      const StateRows d_h = state.states.d_initial_h(layer, d);
      for (int column = 0; column < g.back_units(); column += g.gate_row) {
        if (turn++ % state.team.threads() != thread) continue;
        for (int k = 0; k < batch.steps(); ++k) {
          const RecurrentStep step = batch.step(d, k);
          if (step.rows == step.rows_before) continue;  // nobody starts here
          const Chunk& chunk = state.chunks.of_step(step.t);
          state.kernels.input_gradient(
              {.rows = step.rows - step.rows_before,
               .all_unit_blocks = g.U,
               .columns = g.gate_row,
               .dgates = state.gates(buffers, chunk, step.row + step.rows_before),
               .dgates_panel = state.gates_panel(chunk),
               .dgates_row = static_cast<std::size_t>(g.gate_row),
               .weights = buffers.R_back.data() +
                          static_cast<std::size_t>(column) * static_cast<std::size_t>(g.gates),
               .dx = d_h.at(step.rows_before) + column,
               .dx_row = static_cast<std::size_t>(d_h.row),
               .accumulates = false});
        }
      }
    }
  }
}

}  // namespace lstm::engines
