// The products of backward that need no order in time: gradients of weights and of a layer's input.
#include <x86intrin.h>

#include <algorithm>
#include <cstdint>

#include "engines/sequence/sequence_state.h"

namespace lstm::engines {
namespace {

// Columns `m` of [X | H before | 1] of one chunk, packed.
void pack_chunk(SequenceState& state, int layer, int d, const Chunk& chunk, Range m, ThreadScratch& scratch) {
  const SequenceGeometry& g = state.geometry;
  const PackedBatch& batch = state.batch;
  const float* h = state.y(layer) + d * g.Hp;
  std::size_t row = 0;
  for (int t = chunk.first_step; t < chunk.last_step; ++t) {
    const RecurrentStep step = batch.step(d, d == 0 ? t : batch.steps() - 1 - t);
    for (int place = 0; place < step.rows; ++place, ++row) {
      scratch.x[row] = state.input(layer, t, place);
      scratch.h[row] = place < step.rows_before ? h + static_cast<std::size_t>(step.row_before + place) *
                                                          static_cast<std::size_t>(g.width)
                                                : nullptr;
    }
  }
  state.kernels.pack_rows({.rows = chunk.rows,
                           .first = scratch.x.data(),
                           .first_columns = g.inputs(layer),
                           .second = scratch.h.data(),
                           .second_columns = g.H,
                           .begin = m.first,
                           .end = m.last,
                           .packed = scratch.packed.data()});
}

// Rows `m` of the gradient of these unit blocks into the canonical layout, where they are columns.
void unpack_gradient(SequenceState& state, int layer, int d, Range m, Range blocks) {
  const SequenceGeometry& g = state.geometry;
  const DirectionTensors to = state.store.gradients(layer, d);
  const auto unpack = [&](float* matrix, int matrix_columns, int columns, int packed_row) {
    const int first = std::max(packed_row, m.first), last = std::min(packed_row + columns, m.last);
    if (first >= last) return;
    state.kernels.unpack_gates({.units = g.H,
                                .columns = last - first,
                                .matrix_row = static_cast<std::size_t>(matrix_columns),
                                .first_packed_row = first,
                                .packed_rows = g.gradient_rows(layer),
                                .first_block = blocks.first,
                                .unit_blocks = blocks.size(),
                                .matrix = matrix + first - packed_row,
                                .packed = state.buffers.gradients[static_cast<std::size_t>(d)].data()});
  };
  const int inputs = state.network.layer_inputs(layer);
  if (layer == 0) {
    unpack(to.W, inputs, inputs, 0);
  } else {
    for (int below = 0; below < g.D; ++below) unpack(to.W + below * g.H, inputs, g.H, below * g.Hp);
  }
  unpack(to.R, g.H, g.H, g.inputs(layer));
  unpack(to.b_W, 1, 1, g.gradient_rows(layer) - 1);
  unpack(to.b_R, 1, 1, g.gradient_rows(layer) - 1);
}

// dX of some packed rows of a chunk.
void input_gradient_rows(SequenceState& state, int layer, const Chunk& chunk, Range rows) {
  const SequenceGeometry& g = state.geometry;
  float* dx =
      state.buffers.dy.data() + static_cast<std::size_t>(rows.first) * static_cast<std::size_t>(g.width);
  for (int d = 0; d < g.D; ++d) {
    DirectionBuffers& buffers = state.direction(layer, d);
    for (int column = 0; column < g.width; column += g.gate_row) {
      state.kernels.input_gradient({.rows = rows.size(),
                                    .all_unit_blocks = g.U,
                                    .columns = std::min(g.gate_row, g.width - column),
                                    .dgates = state.gates(buffers, chunk, rows.first),
                                    .dgates_panel = state.gates_panel(chunk),
                                    .dgates_row = static_cast<std::size_t>(g.gate_row),
                                    .weights = buffers.W_back.data() + static_cast<std::size_t>(column) *
                                                                           static_cast<std::size_t>(g.gates),
                                    .dx = dx + column,
                                    .dx_row = static_cast<std::size_t>(g.width),
                                    .accumulates = d > 0});
    }
  }
}

}  // namespace

// Each thread has some rows of the gradient, in tiles, of all unit blocks or some, and goes through all
// chunks with them: no two threads add to the same element, and the order of every sum is that of the chunks,
// for any number of threads. So each packs only what its rows need of [X | H | 1].
void weight_gradients(SequenceState& state, int layer, int thread) {
  const SequenceGeometry& g = state.geometry;
  const int rows_of_all = g.gradient_rows(layer);
  const int tiles = (rows_of_all + g.tile_rows - 1) / g.tile_rows;
  const int unit_parts = static_cast<int>(state.gradient_shares.size());
  const int worker = thread / unit_parts;
  WorkShares& shares = state.gradient_shares[static_cast<std::size_t>(thread % unit_parts)];
  const Range blocks = part_of(g.U, thread % unit_parts, unit_parts);
  shares.begin_turn(worker);
  const Range mine = shares.part(worker, g.D * tiles);
  const std::uint64_t start = __rdtsc();
  ThreadScratch& scratch = state.buffers.scratch[static_cast<std::size_t>(thread)];
  for (int d = 0; d < g.D; ++d) {
    const auto row_of = [&](int tile) {
      return std::min(std::clamp(tile - d * tiles, 0, tiles) * g.tile_rows, rows_of_all);
    };
    const Range m = {row_of(mine.first), row_of(mine.last)};
    if (m.size() == 0) continue;
    DirectionBuffers& buffers = state.direction(layer, d);
    float* gradient = state.buffers.gradients[static_cast<std::size_t>(d)].data();
    bool accumulates = false;
    for (const Chunk& chunk : state.chunks.all()) {
      pack_chunk(state, layer, d, chunk, m, scratch);
      const float* dgates = state.gates(buffers, chunk, chunk.first_row);
      for (int block = blocks.first; block < blocks.last; ++block) {
        const auto row = static_cast<std::size_t>(block * rows_of_all + m.first);
        state.kernels.weight_gradient(
            {.rows = chunk.rows,
             .m = m.size(),
             .packed = scratch.packed.data(),
             .dgates = dgates + static_cast<std::size_t>(block) * state.gates_panel(chunk),
             .gradient = gradient + row * static_cast<std::size_t>(g.gate_row),
             .accumulates = accumulates});
      }
      accumulates = true;
    }
    unpack_gradient(state, layer, d, m, blocks);
  }
  shares.report(worker, mine.size(), __rdtsc() - start);
}

// Rows of the input gradient computed at once: their gradients of gates stay in the
// second-level cache while all columns pass by.
constexpr int kInputGradientRows = 128;

// dX of a layer is dy of the one below. Chunks are taken by whichever thread is free: no row depends on
// another.
void input_gradients(SequenceState& state, int layer, int) {
  const std::span<const Chunk> chunks = state.chunks.all();
  for (;;) {
    const auto index = static_cast<std::size_t>(state.next_chunk.fetch_add(1, std::memory_order_relaxed));
    if (index >= chunks.size()) return;
    const Chunk& chunk = chunks[index];
    const int parts = (chunk.rows + kInputGradientRows - 1) / kInputGradientRows;
    for (int part = 0; part < parts; ++part) {
      const Range rows = part_of(chunk.rows, part, parts);
      input_gradient_rows(state, layer, chunk, {chunk.first_row + rows.first, chunk.first_row + rows.last});
    }
  }
}

}  // namespace lstm::engines
