#include "engines/training/dense_engine.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "engines/training/parallel.h"

namespace lstm::engines {
namespace {

const EngineOptions& require_fp32(const char* engine, const EngineOptions& options) {
  if (options.dtype != DType::fp32) {
    throw std::invalid_argument(std::string(engine) + ": supports dtype fp32 only");
  }
  return options;
}

}  // namespace

DenseEngine::DenseEngine(const char* engine, const Network& network, const BatchShape& shape,
                         const EngineOptions& options, const AdamOptions& adam)
    : TrainingEngine(network, shape, require_fp32(engine, options), adam, network.units, network.units),
      packed_weights_(network, options.input_gradients) {}

void DenseEngine::compute_forward() {
  batch().pack_x(team(), x());
  packed_weights_.pack_for_forward(store(), gemm());
  forward_layers();
  head().forward(batch(), y(), store().head());
}

void DenseEngine::compute_backward() {
  const std::span<float> gradients = store().gradients();
  for_each_part(team(), static_cast<std::int64_t>(gradients.size()), kSmallestPointwisePart,
                [&](std::int64_t first, std::int64_t last) {
                  std::fill(gradients.begin() + first, gradients.begin() + last, 0.0f);
                });
  head().backward(batch(), y(), store().head(), store().head_gradient(), dy());
  packed_weights_.pack_for_backward(store(), gemm());
  backward_layers();
}

}  // namespace lstm::engines
