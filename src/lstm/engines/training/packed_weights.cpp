#include "engines/training/packed_weights.h"

#include <algorithm>

namespace lstm::engines {
namespace {

// Of a matrix (rows, columns) or its transpose.
std::size_t packed_size(int rows, int columns) {
  return std::max(kernels::packed_b_size(rows, columns), kernels::packed_b_size(columns, rows));
}

// weights (rows, columns)
void pack(kernels::Gemm& gemm, bool transpose, const float* weights, int rows, int columns,
          std::span<float> packed) {
  gemm.pack_b({.transpose_b = transpose,
               .n = transpose ? rows : columns,
               .k = transpose ? columns : rows,
               .b = weights,
               .ldb = columns},
              packed.data());
}

}  // namespace

PackedWeights::PackedWeights(const Network& network, bool input_gradients)
    : network_(network),
      input_gradients_(input_gradients),
      buffers_(static_cast<std::size_t>(network.layers * network.directions)) {
  plan();
  arena_.allocate();
  plan();
}

void PackedWeights::plan() {
  for_each_direction([&](int layer, int, Buffers& buffers) {
    buffers.W = arena_.take<float>(packed_size(4 * network_.units, network_.layer_inputs(layer)));
    buffers.R = arena_.take<float>(packed_size(4 * network_.units, network_.units));
  });
}

template <class Function>
void PackedWeights::for_each_direction(const Function& function) {
  auto buffers = buffers_.begin();
  for (int layer = 0; layer < network_.layers; ++layer) {
    for (int direction = 0; direction < network_.directions; ++direction) {
      function(layer, direction, *buffers++);
    }
  }
}

void PackedWeights::pack_for_forward(const ParameterStore& store, kernels::Gemm& gemm) {
  for_each_direction([&](int layer, int direction, const Buffers& buffers) {
    const DirectionTensors weights = store.parameters(layer, direction);
    pack(gemm, true, weights.W, 4 * network_.units, network_.layer_inputs(layer), buffers.W);
    pack(gemm, true, weights.R, 4 * network_.units, network_.units, buffers.R);
  });
}

void PackedWeights::pack_for_backward(const ParameterStore& store, kernels::Gemm& gemm) {
  for_each_direction([&](int layer, int direction, const Buffers& buffers) {
    const DirectionTensors weights = store.parameters(layer, direction);
    if (layer > 0 || input_gradients_) {
      pack(gemm, false, weights.W, 4 * network_.units, network_.layer_inputs(layer), buffers.W);
    }
    pack(gemm, false, weights.R, 4 * network_.units, network_.units, buffers.R);
  });
}

PackedWeights::Direction PackedWeights::at(int layer, int direction) const {
  const Buffers& buffers = buffers_[static_cast<std::size_t>(layer * network_.directions + direction)];
  return {buffers.W.data(), buffers.R.data()};
}

}  // namespace lstm::engines
