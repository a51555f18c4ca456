#include "engines/sequence/layer_buffers.h"

#include <algorithm>

#include "cpu/caches.h"

namespace lstm::engines {
namespace {

std::size_t size(int a, int b, int c = 1) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
}

// Tiles of a gradient's rows that a job needs at least, as a thread fetches the gradients of gates for them.
constexpr int kLeastTiles = 16;
// Jobs for each thread, so that none waits long for the last one.
constexpr int kJobsOfThread = 4;

}  // namespace

SequenceGeometry::SequenceGeometry(const Network& network, int block, int tile_rows_)
    : H(network.units),
      D(network.directions),
      B(block),
      U((H + B - 1) / B),
      Hp(U * B),
      width(D * Hp),
      gate_row(4 * B),
      gates(4 * Hp),
      tile_rows(tile_rows_),
      C(network.inputs) {}

Chunks::Chunks(const BatchShape& shape, int rows)
    : rows_(rows),
      most_rows_(std::max(rows, shape.samples)),
      chunks_(static_cast<std::size_t>(shape.time_steps)),
      of_step_(static_cast<std::size_t>(shape.time_steps)) {}

void Chunks::cut(const PackedBatch& batch) {
  count_ = 0;
  for (int t = 0; t < batch.steps();) {
    Chunk& chunk = chunks_[count_];
    chunk = {.first_step = t, .last_step = t, .first_row = batch.row(t), .rows = 0};
    do {
      of_step_[static_cast<std::size_t>(t)] = static_cast<int>(count_);
      chunk.rows += batch.active(t);
      chunk.last_step = ++t;
    } while (t < batch.steps() && chunk.rows + batch.active(t) <= rows_);
    ++count_;
  }
}

// `packed_bytes`: what all rows of a gradient need of [X | H | 1] of a chunk.
GradientParts::GradientParts(const SequenceGeometry& g, std::size_t packed_bytes, int threads) {
  const int most_rows = std::max(g.gradient_tiles(0) / kLeastTiles, 1);
  // A job's share of them stays in the second-level cache, beside what passes by.
  const auto cached = static_cast<int>(2 * packed_bytes / cpu::l2_bytes() + 1);
  const int jobs = threads == 1 ? 1 : (kJobsOfThread * threads + g.D - 1) / g.D;
  rows = std::min(std::max(cached, jobs), most_rows);
  // Each part of the units packs the same rows once more.
  units = std::min((jobs + rows - 1) / rows, g.U);
}

SequenceBuffers::SequenceBuffers(const SequenceGeometry& geometry, const Network& network,
                                 const BatchShape& shape, int most_rows, int most_chunk_rows,
                                 const EngineOptions& options)
    : gradient_parts(geometry,
                     size(geometry.most_gradient_tiles(network.layers), geometry.tile_rows, most_chunk_rows) *
                         sizeof(float),
                     options.threads),
      layers(static_cast<std::size_t>(network.layers)),
      scratch(static_cast<std::size_t>(options.threads)),
      dc(static_cast<std::size_t>(network.directions)),
      dh_end(static_cast<std::size_t>(network.directions)),
      gradients(static_cast<std::size_t>(network.directions)) {
  for (LayerBuffers& layer : layers) layer.directions.resize(static_cast<std::size_t>(network.directions));
  for (ThreadScratch& own : scratch) {
    own.x.resize(static_cast<std::size_t>(most_chunk_rows));
    own.h.resize(static_cast<std::size_t>(most_chunk_rows));
    own.gates.resize(static_cast<std::size_t>(most_chunk_rows));
  }
  plan(geometry, network, shape, most_rows, most_chunk_rows, options.input_gradients);
  arena_.allocate();
  plan(geometry, network, shape, most_rows, most_chunk_rows, options.input_gradients);
}

void SequenceBuffers::plan(const SequenceGeometry& g, const Network& network, const BatchShape& shape,
                           int most_rows, int most_chunk_rows, bool input_gradients) {
  const int last = network.layers - 1;
  for (int l = 0; l < network.layers; ++l) {
    LayerBuffers& layer = layers[static_cast<std::size_t>(l)];
    layer.y = arena_.take<float>(size(most_rows, g.width));
    for (DirectionBuffers& direction : layer.directions) {
      direction.gates = arena_.take<float>(size(most_rows, g.gates));
      direction.c = arena_.take<float>(size(most_rows, g.Hp));
      direction.W = arena_.take<float>(size(g.U, g.inputs(l), g.gate_row));
      direction.R = arena_.take<float>(size(g.U, g.H, g.gate_row));
      direction.bias = arena_.take<float>(size(g.U, g.gate_row));
      direction.R_back = arena_.take<float>(size(g.gates, g.back_units()));
      if (l > 0 || input_gradients) direction.W_back = arena_.take<float>(size(g.gates, g.d_inputs(l)));
    }
  }
  const int parts = gradient_parts.rows;
  const int tiles = (g.most_gradient_tiles(network.layers) + parts - 1) / parts;
  for (ThreadScratch& own : scratch)
    own.packed = arena_.take<float>(size(tiles, g.tile_rows, most_chunk_rows));
  for (auto* each_of : {&dc, &dh_end})
    for (auto& each : *each_of) each = arena_.take<float>(size(shape.samples, g.Hp));
  for (auto& each : gradients) {
    each = arena_.take<float>(size(g.U, std::max(g.gradient_rows(0), g.gradient_rows(last)), g.gate_row));
  }
  const int dy_columns = network.layers > 1 || network.reads_every_step() ? g.width : 0;
  dy = arena_.take<float>(size(most_rows, std::max(dy_columns, input_gradients ? g.d_inputs(0) : 0)));
  if (g.Hp != g.H) {
    head = arena_.take<float>(size(network.classes, g.width));
    d_head = arena_.take<float>(size(network.classes, g.width));
  }
}

}  // namespace lstm::engines
