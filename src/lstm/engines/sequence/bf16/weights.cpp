// Weights and inputs into the layouts that the kernels read. Weights change with every update, so each step
// packs them anew.
#include <cstring>

#include "engines/sequence/bf16/state.h"

namespace lstm::engines::bf16 {
namespace {

// Runs of columns of a layer's input that are contiguous in W and in the layer's input as stored: one in the
// first layer, one a direction above it.
template <class Body>
void for_input_runs(const State& state, int layer, Body body) {
  const Geometry& g = state.geometry;
  if (layer == 0) {
    body(0, 0, state.network.inputs);
  } else {
    for (int d = 0; d < g.D; ++d) body(d * g.H, d * g.Hp, g.H);
  }
}

// A place for each turn of the threads.
void round_initial_states(State& state, int thread) {
  const Geometry& g = state.geometry;
  for (int layer = 0; layer < state.network.layers; ++layer) {
    for (int d = 0; d < g.D; ++d) {
      const StateRows h = state.states.initial_h(layer, d), c = state.states.initial_c(layer, d);
      for (int place = thread; place < state.batch.samples(); place += state.team.threads()) {
        const std::size_t at = state.initial_at(layer, d, place);
        const std::size_t step = g.words(kernels::bf16::kTileK);
        state.kernels.round_row(h.at(place), g.Hp, state.buffers.initial_h.data() + at, step, g.Hp);
        Bf16* saved_c = state.buffers.initial_c.data() + at;
        if (g.P == 1) {
          state.kernels.round_row(c.at(place), g.Hp, saved_c, step, g.Hp);
        } else {
          std::memcpy(saved_c, c.at(place), static_cast<std::size_t>(g.Hp) * sizeof(float));
        }
      }
    }
  }
}

}  // namespace

void round_inputs(State& state, int thread) {
  const PackedBatch& batch = state.batch;
  const Range steps = part_of(batch.steps(), thread, state.team.threads());
  for (int t = steps.first; t < steps.last; ++t) {
    for (int place = 0; place < batch.active(t); ++place) {
      const kernels::bf16::Rows x =
          state.bands.rows(state.buffers.x.data(), state.geometry.Cp, t, batch.row(t) + place);
      state.kernels.round_row(batch.x(place, t), state.network.inputs, x.start, x.step, state.geometry.Cp);
    }
  }
  if (state.states.has_initial()) round_initial_states(state, thread);
}

void pack_forward_weights(State& state, int thread) {
  const Geometry& g = state.geometry;
  const Range blocks = part_of(g.blocks, thread, state.team.threads());
  for (int layer = 0; layer < state.network.layers; ++layer) {
    for (int d = 0; d < g.D; ++d) {
      const DirectionTensors from = state.store.parameters(layer, d);
      DirectionBuffers& to = state.direction(layer, d);
      const auto pack = [&](const float* matrix, int matrix_row, int columns, int first_k, int all_k,
                            Bf16* packed) {
        state.kernels.pack_weights({.units = g.H,
                                    .matrix = matrix,
                                    .matrix_row = static_cast<std::size_t>(matrix_row),
                                    .columns = columns,
                                    .first = blocks.first,
                                    .last = blocks.last,
                                    .k_tiles = all_k / kernels::bf16::kTileK,
                                    .first_k_tile = first_k / kernels::bf16::kTileK,
                                    .packed = packed});
      };
      const int inputs = state.network.layer_inputs(layer);
      for_input_runs(state, layer, [&](int column, int stored_column, int columns) {
        pack(from.W + column, inputs, columns, stored_column, g.inputs(layer), to.W.data());
      });
      pack(from.R, g.H, g.H, 0, g.Hp, to.R.data());
      // The two biases are always added: one packed bias stands for both.
      for (int block = blocks.first; block < blocks.last; ++block) {
        for (int gate = 0; gate < 4; ++gate) {
          for (int u = 0; u < kernels::bf16::kUnits && block * kernels::bf16::kUnits + u < g.H; ++u) {
            const int row = gate * g.H + block * kernels::bf16::kUnits + u;
            to.bias[static_cast<std::size_t>((block * 4 + gate) * kernels::bf16::kUnits + u)] =
                from.b_W[row] + from.b_R[row];
          }
        }
      }
    }
  }
}

void pack_backward_weights(State& state, int thread) {
  const Geometry& g = state.geometry;
  const auto part = [&](int columns) {
    const int panels = (columns + kernels::bf16::kPanelColumns - 1) / kernels::bf16::kPanelColumns;
    return part_of(panels, thread, state.team.threads());
  };
  const std::size_t panel_size = g.words(g.gates) * kernels::bf16::kPanelColumns;
  for (int layer = 0; layer < state.network.layers; ++layer) {
    for (int d = 0; d < g.D; ++d) {
      const DirectionTensors from = state.store.parameters(layer, d);
      DirectionBuffers& to = state.direction(layer, d);
      const auto pack = [&](const float* matrix, int matrix_row, int columns, Bf16* packed) {
        const Range panels = part(columns);
        state.kernels.pack_weights_back({.units = g.H,
                                         .matrix = matrix,
                                         .matrix_row = static_cast<std::size_t>(matrix_row),
                                         .columns = columns,
                                         .first = panels.first,
                                         .last = panels.last,
                                         .k_tiles = g.gates / kernels::bf16::kTileK,
                                         .first_k_tile = 0,
                                         .packed = packed});
      };
      pack(from.R, g.H, g.H, to.R_back.data());
      if (!state.has_input_gradients(layer)) continue;
      for_input_runs(state, layer, [&](int column, int stored_column, int columns) {
        pack(from.W + column, state.network.layer_inputs(layer), columns,
             to.W_back.data() +
                 static_cast<std::size_t>(stored_column / kernels::bf16::kPanelColumns) * panel_size);
      });
    }
  }
}

}  // namespace lstm::engines::bf16
