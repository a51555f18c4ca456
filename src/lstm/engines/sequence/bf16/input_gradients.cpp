// The gradients of a layer's input and of its initial states in bf16, after the recurrences of all its
// directions.
#include <algorithm>

#include "engines/sequence/bf16/state.h"

namespace lstm::engines::bf16 {
namespace {

// Of the rows of some time steps, which lie as bands.h has them.
void input_gradient_rows(State& state, int layer, int first_step, int last_step) {
  const Geometry& g = state.geometry;
  const auto columns = static_cast<std::size_t>(g.inputs(layer));
  const int first_row = state.batch.row(first_step);
  for (int d = 0; d < g.D; ++d) {
    const DirectionBuffers& buffers = state.direction(layer, d);
    state.kernels.multiply(
        {.rows = state.batch.row(last_step) - first_row,
         .k_tiles = g.gates / kernels::bf16::kTileK,
         .a = state.bands.rows<const Bf16>(buffers.gates.data(), g.gates, first_step, first_row),
         .b = buffers.W_back.data(),
         .panels = g.inputs(layer) / kernels::bf16::kPanelColumns,
         .c = state.buffers.dy.data() + static_cast<std::size_t>(first_row) * columns,
         .c_row = columns,
         .c_pair = 2 * kernels::bf16::kPanelColumns,
         .accumulates = d > 0,
         .is_weight_gradient = false});
  }
}

}  // namespace

// dX of a layer is dy of the one below, or the gradient of x. Chunks of time steps are taken by whichever
// thread is free: no row depends on another.
void input_gradients(State& state, int layer) {
  const Chunks& chunks = state.input_gradient_chunks;
  for (;;) {
    const int index = state.next_input_chunk.fetch_add(1, std::memory_order_relaxed);
    if (index >= chunks.count()) return;
    const Chunk& chunk = chunks.forward(0, index);
    for (int t = chunk.first_step; t < chunk.last_step;) {
      const int end = std::min(chunk.last_step, state.bands.end_of_run(t));
      input_gradient_rows(state, layer, t, end);
      t = end;
    }
  }
}

// dh of the initial states: gradients of the gates of the first steps times R. A panel for each turn of the
// threads.
void initial_state_gradients(State& state, int thread) {
  const Geometry& g = state.geometry;
  const std::size_t gates = g.words(g.gates);
  int turn = 0;
  for (int layer = 0; layer < state.network.layers; ++layer) {
    for (int d = 0; d < g.D; ++d) {
      const DirectionBuffers& buffers = state.direction(layer, d);
      const StateRows d_h = state.states.d_initial_h(layer, d);
      const auto d_h_row = static_cast<std::size_t>(d_h.row);
      for (int panel = 0; panel < g.panels; ++panel) {
        if (turn++ % state.team.threads() != thread) continue;
        const auto column = static_cast<std::size_t>(panel) * kernels::bf16::kPanelColumns;
        for (int k = 0; k < state.batch.steps(); ++k) {
          const RecurrentStep step = state.batch.step(d, k);
          if (step.rows == step.rows_before) continue;  // nobody starts here
          state.kernels.multiply({.rows = step.rows - step.rows_before,
                                  .k_tiles = g.gates / kernels::bf16::kTileK,
                                  .a = state.bands.rows<const Bf16>(buffers.gates.data(), g.gates, step.t,
                                                                    step.row + step.rows_before),
                                  .b = buffers.R_back.data() + column * gates,
                                  .panels = 1,
                                  .c = d_h.at(step.rows_before) + column,
                                  .c_row = d_h_row,
                                  .c_pair = 2 * kernels::bf16::kPanelColumns,
                                  .accumulates = false,
                                  .is_weight_gradient = false});
        }
      }
    }
  }
}

}  // namespace lstm::engines::bf16
