// The gradients of a layer's input and of its initial states in bf16, after the recurrences of all its
// directions.
#include <algorithm>

#include "engines/sequence/bf16/state.h"

namespace lstm::engines::bf16 {
namespace {

// Rows of the input gradient computed at once, times parts: their gradients of gates stay in the second-level
// cache while all columns pass by.
constexpr int kInputGradientRows = 256;

void input_gradient_rows(State& state, int layer, Range rows) {
  const Geometry& g = state.geometry;
  const auto columns = static_cast<std::size_t>(g.inputs(layer));
  const std::size_t gates = g.words(g.gates);
  for (int d = 0; d < g.D; ++d) {
    const DirectionBuffers& buffers = state.direction(layer, d);
    state.kernels.multiply({.rows = rows.size(),
                            .k_tiles = g.gates / kernels::bf16::kTileK,
                            .a = buffers.gates.data() + static_cast<std::size_t>(rows.first) * gates,
                            .a_row = gates,
                            .a_tile = 16 * gates,
                            .a_step = g.words(kernels::bf16::kTileK),
                            .b = buffers.W_back.data(),
                            .panels = g.inputs(layer) / kernels::bf16::kPanelColumns,
                            .c = state.buffers.dy.data() + static_cast<std::size_t>(rows.first) * columns,
                            .c_row = columns,
                            .c_pair = 2 * kernels::bf16::kPanelColumns,
                            .accumulates = d > 0,
                            .is_weight_gradient = false});
  }
}

}  // namespace

// dX of a layer is dy of the one below, or the gradient of x. Parts are taken by whichever thread is free: no
// row depends on another.
void input_gradients(State& state, int layer) {
  const int rows = state.batch.rows();
  const int rows_at_once = kInputGradientRows / state.geometry.P;
  for (;;) {
    const int first = state.next_part.fetch_add(1, std::memory_order_relaxed) * rows_at_once;
    if (first >= rows) return;
    input_gradient_rows(state, layer, {first, std::min(rows, first + rows_at_once)});
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
          const auto row = static_cast<std::size_t>(step.row + step.rows_before);
          state.kernels.multiply({.rows = step.rows - step.rows_before,
                                  .k_tiles = g.gates / kernels::bf16::kTileK,
                                  .a = buffers.gates.data() + row * gates,
                                  .a_row = gates,
                                  .a_tile = 16 * gates,
                                  .a_step = g.words(kernels::bf16::kTileK),
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
