#include "engines/training/training_engine.h"

#include <algorithm>
#include <stdexcept>

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

Isa chosen_isa(const EngineOptions& options) {
  if (!options.isa) return detected_isa();
  if (is_available(*options.isa)) return *options.isa;
  throw std::invalid_argument("isa: got " + std::string(name(*options.isa)) +
                              ", which this machine lacks; its best is " + std::string(name(detected_isa())));
}

TrainingEngine::TrainingEngine(const char* engine, const Network& network, const BatchShape& shape,
                               const EngineOptions& options, const AdamOptions& adam)
    : network_(network),
      shape_(shape),
      isa_(chosen_isa(require_fp32(engine, options))),
      team_(options.threads, options.pin_threads),
      gemm_(isa_, team_),
      batch_(network, shape),
      store_(network, adam, isa_),
      packed_weights_(network),
      head_(network, shape, isa_, team_, gemm_) {}

void TrainingEngine::load(const Batch& batch) {
  batch_.load(batch);
}

void TrainingEngine::forward() {
  batch_.pack_x(team_, x());
  packed_weights_.pack_for_forward(store_, gemm_);
  forward_layers();
  head_.forward(batch_, y(), store_.head());
}

void TrainingEngine::backward() {
  const std::span<float> gradients = store_.gradients();
  for_each_part(team_, static_cast<std::int64_t>(gradients.size()), kSmallestPointwisePart,
                [&](std::int64_t first, std::int64_t last) {
                  std::fill(gradients.begin() + first, gradients.begin() + last, 0.0f);
                });
  head_.backward(batch_, y(), store_.head(), store_.head_gradient(), dy());
  packed_weights_.pack_for_backward(store_, gemm_);
  backward_layers();
}

std::size_t TrainingEngine::workspace_bytes() const {
  return layer_bytes() + batch_.bytes() + packed_weights_.bytes() + head_.workspace_bytes() +
         static_cast<std::size_t>(team_.threads()) * kernels::gemm_scratch_size() * sizeof(float);
}

std::string TrainingEngine::kernels_and_threads() const {
  return std::string(gemm_.variant()) + " kernels, " + std::to_string(team_.threads()) +
         (team_.threads() == 1 ? " thread" : " threads");
}

}  // namespace lstm::engines
