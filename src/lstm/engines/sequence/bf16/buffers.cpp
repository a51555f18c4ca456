#include "engines/sequence/bf16/buffers.h"

#include <algorithm>

namespace lstm::engines::bf16 {
namespace {

std::size_t size(int a, int b, int c = 1) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
}

int padded(int count) {
  return (count + 31) / 32 * 32;
}

}  // namespace

Geometry::Geometry(const Network& network, int parts)
    : P(parts),
      H(network.units),
      D(network.directions),
      Hp(padded(H)),
      blocks(Hp / kernels::bf16::kUnits),
      panels(Hp / kernels::bf16::kPanelColumns),
      width(D * Hp),
      gates(4 * Hp),
      Cp(padded(network.inputs)) {}

int Geometry::own_units(int first_panel, int count) const {
  return std::min(H - first_panel * kernels::bf16::kPanelColumns, count * kernels::bf16::kPanelColumns);
}

Buffers::Buffers(const Geometry& geometry, const Network& network, int samples, int most_rows,
                 const ChunkRows& chunk, const EngineOptions& options)
    : layers(static_cast<std::size_t>(network.layers)),
      scratch(static_cast<std::size_t>(options.threads)),
      c(static_cast<std::size_t>(network.directions)),
      dh_end(static_cast<std::size_t>(network.directions)),
      gradients(static_cast<std::size_t>(network.directions)),
      d_bias(static_cast<std::size_t>(network.directions)) {
  for (LayerBuffers& layer : layers) layer.directions.resize(static_cast<std::size_t>(network.directions));
  for (ThreadScratch& own : scratch) {
    own.first_row.resize(static_cast<std::size_t>(chunk.steps) + 1);
    own.rows.resize(static_cast<std::size_t>(chunk.gradient));
  }
  plan(geometry, network, samples, most_rows, chunk, options.input_gradients);
  arena_.allocate();
  plan(geometry, network, samples, most_rows, chunk, options.input_gradients);
}

void Buffers::plan(const Geometry& g, const Network& network, int samples, int most_rows,
                   const ChunkRows& chunk, bool input_gradients) {
  const int last = network.layers - 1;
  const auto take = [&](int a, int b) { return arena_.take<Bf16>(g.words(a) * static_cast<std::size_t>(b)); };
  x = take(most_rows, g.Cp);
  for (int l = 0; l < network.layers; ++l) {
    LayerBuffers& layer = layers[static_cast<std::size_t>(l)];
    layer.y = take(most_rows, g.width);
    for (DirectionBuffers& direction : layer.directions) {
      direction.gates = take(most_rows, g.gates);
      direction.c = take(most_rows, g.Hp);
      direction.W = take(g.inputs(l), g.gates);
      direction.R = take(g.Hp, g.gates);
      direction.bias = arena_.take<float>(size(1, g.gates));
      direction.R_back = direction.R;
      if (l > 0 || input_gradients) direction.W_back = direction.W;
    }
  }
  const int gradient_rows = std::max(g.gradient_rows(0), g.gradient_rows(last));
  for (ThreadScratch& own : scratch) {
    own.sums = arena_.take<float>(size(chunk.projected, g.gates));
    own.left = take(gradient_rows, padded(chunk.gradient));
    own.right = take(kGradientBlocks * kernels::bf16::kGateColumns, padded(chunk.gradient));
  }
  for (auto* each_of : {&c, &dh_end})
    for (auto& each : *each_of) each = arena_.take<float>(size(samples, g.Hp));
  for (auto* each : {&initial_h, &initial_c}) *each = take(network.layers * g.D * samples, g.Hp);
  for (auto& each : gradients) each = arena_.take<float>(size(gradient_rows, g.gates));
  for (auto& each : d_bias) each = arena_.take<float>(size(1, g.gates));
  const int dy_columns = network.layers > 1 || network.reads_every_step() ? g.width : 0;
  dy = arena_.take<float>(size(most_rows, std::max(dy_columns, input_gradients ? g.Cp : 0)));
  if (network.reads_every_step()) y_last = arena_.take<float>(size(most_rows, g.width));
  if (g.Hp != g.H) {
    head = arena_.take<float>(size(network.classes, g.width));
    d_head = arena_.take<float>(size(network.classes, g.width));
  }
}

std::size_t Buffers::gates_bytes() const {
  std::size_t bytes = 0;
  for (const LayerBuffers& layer : layers) {
    for (const DirectionBuffers& direction : layer.directions) bytes += direction.gates.size_bytes();
  }
  return bytes;
}

}  // namespace lstm::engines::bf16
