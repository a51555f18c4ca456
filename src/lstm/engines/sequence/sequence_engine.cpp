#include "engines/sequence/sequence_engine.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "cpu/caches.h"
#include "engines/sequence/bf16/engine.h"
#include "engines/sequence/padded_head.h"
#include "engines/sequence/sequence_state.h"
#include "engines/sequence/weight_gradients.h"
#include "engines/training/training_engine.h"

namespace lstm::engines {
namespace {

// Rows of the large products: gates of one unit block (4B columns) and half a second-level cache of operands.
constexpr int kChunkRows = 256;

class SequenceEngine final : public TrainingEngine {
  using Kernels = kernels::Variant<kernels::SequenceKernels>;

 public:
  SequenceEngine(const Network& network, const BatchShape& shape, const EngineOptions& options,
                 const AdamOptions& adam)
      : SequenceEngine(kernels::select(kernels::sequence_variants(), chosen_isa(options)), network, shape,
                       options, adam) {}

  std::string description() const override {
    return kernels_and_threads(kernels_.name) + ", " + state_.recurrence.description();
  }

 protected:
  void load_batch(const Batch& batch) override {
    TrainingEngine::load_batch(batch);
    chunks_.cut(this->batch());
  }

  void compute_forward() override {
    state_.begin_forward();
    team().run([&](int thread) {
      pack_forward_weights(state_, thread);
      for (int layer = 0; layer < network().layers; ++layer) {
        team().barrier();
        forward_recurrence(state_, layer, thread);
      }
    });
    padded_head_.pack(team());
    head().forward(batch(), state_.y(network().layers - 1), padded_head_.weights());
  }

  void compute_backward() override {
    const int last = network().layers - 1;
    const float* y = state_.y(last);
    if (state_.has_last_dy_only(last)) {
      state_.d_last = head().backward_last_steps(batch(), padded_head_.weights(), padded_head_.gradient());
    } else {
      head().backward(batch(), y, padded_head_.weights(), padded_head_.gradient(), buffers_.dy.data());
    }
    padded_head_.finish_gradient(team());
    state_.begin_backward();
    team().run([&](int thread) {
      pack_backward_weights(state_, thread);
      for (int layer = last; layer >= 0; --layer) {
        team().barrier();
        if (thread == 0) state_.next_input_part.store(0, std::memory_order_relaxed);
        WeightGradients gradients(state_, layer, thread);
        backward_recurrence(state_, layer, thread, gradients);
        gradients.finish();
        if (state_.has_input_gradients(layer)) input_gradients(state_, layer);
      }
      if (states().has_initial()) initial_state_gradients(state_, thread);
    });
  }

  void read_final_state(int layer, int direction, int place, float* h, float* c) const override {
    const auto row = static_cast<std::size_t>(batch().end_row(direction, place));
    const LayerBuffers& of = buffers_.layers[static_cast<std::size_t>(layer)];
    const DirectionBuffers& own = of.directions[static_cast<std::size_t>(direction)];
    std::copy_n(&of.y[row * static_cast<std::size_t>(geometry_.width)] + direction * geometry_.Hp,
                geometry_.H, h);
    std::copy_n(&own.c[row * static_cast<std::size_t>(geometry_.Hp)], geometry_.H, c);
  }
  PackedRows dx() const override { return {buffers_.dy.data(), geometry_.d_inputs(0)}; }
  std::size_t layer_bytes() const override { return buffers_.bytes(); }

 private:
  SequenceEngine(const Kernels& kernels, const Network& network, const BatchShape& shape,
                 const EngineOptions& options, const AdamOptions& adam)
      : TrainingEngine(network, shape, options, adam, geometry_of(network, kernels).Hp,
                       geometry_of(network, kernels).back_units()),
        kernels_(kernels),
        geometry_(geometry_of(network, kernels)),
        chunks_(shape, kChunkRows),
        buffers_(geometry_, network, shape, batch().most_rows(), chunks_.most_rows(), options),
        padded_head_(this->network(), geometry_.Hp, store(), buffers_.head, buffers_.d_head),
        state_(this->network(), geometry_, kernels_.function, batch(), chunks_, store(), states(), buffers_,
               team(), choose_split(network, shape, options.threads, options.split, split_costs()),
               alternative_split(network, shape, options)) {}

  static SequenceGeometry geometry_of(const Network& network, const Kernels& kernels) {
    return {network, kernels.function.block, kernels.function.tile_rows};
  }
  SplitCosts split_costs() const {
    return {.block = geometry_.B, .tile_rows = kernels_.function.tile_rows, .l2_bytes = cpu::l2_bytes()};
  }
  // Who asks for a split gets that one only.
  RecurrenceSplit alternative_split(const Network& network, const BatchShape& shape,
                                    const EngineOptions& options) const {
    const Split wanted = options.split == Split::automatic ? Split::samples : options.split;
    return choose_split(network, shape, options.threads, wanted, split_costs());
  }

  const Kernels& kernels_;
  SequenceGeometry geometry_;
  Chunks chunks_;
  SequenceBuffers buffers_;
  PaddedHead padded_head_;
  SequenceState state_;
};

}  // namespace

std::unique_ptr<Engine> make_sequence_engine(const Network& network, const BatchShape& shape,
                                             const EngineOptions& options, const AdamOptions& adam) {
  if (options.dtype == DType::bf16 || options.dtype == DType::bf16x3)
    return bf16::make_engine(network, shape, options, adam);
  if (options.dtype != DType::fp32) {
    throw std::invalid_argument("sequence: supports dtypes fp32, bf16 and bf16x3 only");
  }
  return std::make_unique<SequenceEngine>(network, shape, options, adam);
}

}  // namespace lstm::engines
