// Weights into the layouts that the kernels read. They change with every update, so each step packs them
// anew.
#include <algorithm>

#include "engines/sequence/sequence_state.h"

namespace lstm::engines {
namespace {

// Runs of columns of a layer's input that are contiguous in W and in the layer's input as stored: one in the
// first layer, one a direction above it.
struct InputRun {
  int column, stored_column, columns;
};

template <class Body>
void for_input_runs(const SequenceState& state, int layer, Body body) {
  const SequenceGeometry& g = state.geometry;
  if (layer == 0) {
    body(InputRun{0, 0, g.inputs(0)});
  } else {
    for (int d = 0; d < g.D; ++d) body(InputRun{d * g.H, d * g.Hp, g.H});
  }
}

// `matrix` (4H, matrix_columns) into rows of gates in packed order: columns [first, first + count) of `run`
// columns that start at `stored_column` of the packed matrix.
void pack_back(const SequenceGeometry& g, const float* matrix, int matrix_columns, const InputRun& run,
               Range stored, int tile_first, int tile_width, float* tile) {
  const int first = std::max(run.stored_column, stored.first);
  const int last = std::min(run.stored_column + run.columns, stored.last);
  if (first >= last) return;
  for (int block = 0; block < g.U; ++block) {
    for (int gate = 0; gate < 4; ++gate) {
      for (int u = 0; u < g.B && block * g.B + u < g.H; ++u) {
        const std::size_t row =
            static_cast<std::size_t>(gate) * g.H + static_cast<std::size_t>(block * g.B + u);
        const std::size_t packed_row = static_cast<std::size_t>((block * 4 + gate) * g.B + u);
        const float* from =
            matrix + row * static_cast<std::size_t>(matrix_columns) + run.column + first - run.stored_column;
        std::copy_n(from, last - first,
                    tile + packed_row * static_cast<std::size_t>(tile_width) + first - tile_first);
      }
    }
  }
}

// Tiles of at most 4B columns.
template <class Body>
void for_back_tiles(const SequenceGeometry& g, int blocks, Body body) {
  for (int block = 0; block < blocks; block += 4) body(block * g.B, std::min(4, blocks - block) * g.B);
}

}  // namespace

void pack_forward_weights(SequenceState& state, int thread) {
  const SequenceGeometry& g = state.geometry;
  for (int layer = 0; layer < state.network.layers; ++layer) {
    for (int d = 0; d < g.D; ++d) {
      const Range blocks = part_of(g.U, thread, state.team.threads());
      if (blocks.size() == 0) continue;
      const DirectionTensors from = state.store.parameters(layer, d);
      DirectionBuffers& to = state.direction(layer, d);
      const auto pack = [&](float* matrix, int matrix_columns, int columns, int packed_row, int packed_rows,
                            std::span<float> packed) {
        state.kernels.pack_gates({.units = g.H,
                                  .columns = columns,
                                  .matrix_row = static_cast<std::size_t>(matrix_columns),
                                  .first_packed_row = packed_row,
                                  .packed_rows = packed_rows,
                                  .first_block = blocks.first,
                                  .unit_blocks = blocks.size(),
                                  .matrix = matrix,
                                  .packed = packed.data()});
      };
      const int inputs = state.network.layer_inputs(layer);
      for_input_runs(state, layer, [&](const InputRun& run) {
        pack(from.W + run.column, inputs, run.columns, run.stored_column, g.inputs(layer), to.W);
      });
      pack(from.R, g.H, g.H, 0, g.H, to.R);
      // The two biases are always added: one packed bias stands for both.
      for (int block = blocks.first; block < blocks.last; ++block) {
        for (int gate = 0; gate < 4; ++gate) {
          for (int u = 0; u < g.B && block * g.B + u < g.H; ++u) {
            const int row = gate * g.H + block * g.B + u;
            to.bias[static_cast<std::size_t>((block * 4 + gate) * g.B + u)] = from.b_W[row] + from.b_R[row];
          }
        }
      }
    }
  }
}

void pack_backward_weights(SequenceState& state, int thread) {
  const SequenceGeometry& g = state.geometry;
  int tiles = 0;
  const auto is_mine = [&] { return tiles++ % state.team.threads() == thread; };
  for (int layer = 0; layer < state.network.layers; ++layer) {
    for (int d = 0; d < g.D; ++d) {
      const DirectionTensors from = state.store.parameters(layer, d);
      DirectionBuffers& to = state.direction(layer, d);
      for_back_tiles(g, g.U, [&](int first, int width) {
        if (!is_mine()) return;
        pack_back(g, from.R, g.H, {0, 0, g.H}, {first, first + width}, first, g.gate_row,
                  to.R_back.data() + static_cast<std::size_t>(first) * static_cast<std::size_t>(g.gates));
      });
      if (!state.has_input_gradients(layer)) continue;
      for_back_tiles(g, g.d_inputs(layer) / g.B, [&](int first, int width) {
        if (!is_mine()) return;
        for_input_runs(state, layer, [&](const InputRun& run) {
          pack_back(g, from.W, state.network.layer_inputs(layer), run, {first, first + width}, first, width,
                    to.W_back.data() + static_cast<std::size_t>(first) * static_cast<std::size_t>(g.gates));
        });
      });
    }
  }
}

}  // namespace lstm::engines
