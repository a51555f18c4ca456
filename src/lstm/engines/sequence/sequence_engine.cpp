#include "engines/sequence/sequence_engine.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "cpu/caches.h"
#include "engines/sequence/bf16/engine.h"
#include "engines/sequence/padded_head.h"
#include "engines/sequence/sequence_state.h"
#include "engines/sequence/weight_gradients.h"
#include "engines/training/head.h"
#include "engines/training/training_engine.h"

namespace lstm::engines {
namespace {

// Rows of the large products: gates of one unit block (4B columns) and half a second-level cache of operands.
constexpr int kChunkRows = 256;

class SequenceEngine final : public Engine {
 public:
  SequenceEngine(const Network& network, const BatchShape& shape, const EngineOptions& options,
                 const AdamOptions& adam)
      : network_(network),
        isa_(chosen_isa(options)),
        kernels_(kernels::select(kernels::sequence_variants(), isa_)),
        geometry_(network, kernels_.function.block, kernels_.function.tile_rows),
        team_(options.threads, options.pin_threads),
        gemm_(isa_, team_),
        batch_(network, shape),
        chunks_(shape, kChunkRows),
        store_(network, adam, isa_),
        head_(PaddedHead::padded(network, geometry_.Hp), shape, isa_, team_, gemm_),
        buffers_(geometry_, network, shape, batch_.most_rows(), chunks_.most_rows(), options.threads),
        padded_head_(network_, geometry_.Hp, store_, buffers_.head, buffers_.d_head),
        state_(network_, geometry_, kernels_.function, batch_, chunks_, store_, buffers_, team_,
               choose_split(network, shape, options.threads, options.split, split_costs()),
               alternative_split(network, shape, options)) {}

  const Network& network() const override { return network_; }
  const ParameterLayout& layout() const override { return store_.layout(); }
  std::span<float> parameters() override { return store_.parameters(); }
  std::span<const float> gradients() const override { return store_.gradients(); }

  void load(const Batch& batch) override {
    batch_.load(batch);
    chunks_.cut(batch_);
  }

  void forward() override {
    state_.begin_forward();
    team_.run([&](int thread) {
      pack_forward_weights(state_, thread);
      for (int layer = 0; layer < network_.layers; ++layer) {
        team_.barrier();
        forward_recurrence(state_, layer, thread);
      }
    });
    head_.forward(batch_, state_.y(network_.layers - 1), padded_head_.weights());
  }

  double loss() override { return head_.loss(batch_); }

  void backward() override {
    const int last = network_.layers - 1;
    const float* y = state_.y(last);
    if (state_.has_last_dy_only(last)) {
      state_.d_last = head_.backward_last_steps(batch_, padded_head_.weights(), padded_head_.gradient());
    } else {
      head_.backward(batch_, y, padded_head_.weights(), padded_head_.gradient(), buffers_.dy.data());
    }
    padded_head_.finish_gradient();
    state_.begin_backward();
    team_.run([&](int thread) {
      pack_backward_weights(state_, thread);
      for (int layer = last; layer >= 0; --layer) {
        team_.barrier();
        if (thread == 0) state_.next_input_part.store(0, std::memory_order_relaxed);
        WeightGradients gradients(state_, layer, thread);
        backward_recurrence(state_, layer, thread, gradients);
        gradients.finish();
        if (layer > 0) input_gradients(state_, layer);
      }
    });
  }

  void update() override { store_.update(team_); }

  void read_logits(std::span<float> logits) const override { head_.read_logits(batch_, logits); }
  double clip_gradients(double max_norm) override { return store_.clip_gradients(max_norm, team_); }
  void set_learning_rate(double rate) override { store_.set_learning_rate(rate); }

  std::size_t workspace_bytes() const override {
    return buffers_.bytes() + batch_.bytes() + head_.workspace_bytes() +
           static_cast<std::size_t>(team_.threads()) * kernels::gemm_scratch_size() * sizeof(float);
  }

  std::string description() const override {
    return std::string(kernels_.name) + " kernels, " + std::to_string(team_.threads()) +
           (team_.threads() == 1 ? " thread, " : " threads, ") + state_.recurrence.description();
  }

 private:
  SplitCosts split_costs() const {
    return {.block = geometry_.B, .tile_rows = kernels_.function.tile_rows, .l2_bytes = cpu::l2_bytes()};
  }
  // Who asks for a split gets that one only.
  RecurrenceSplit alternative_split(const Network& network, const BatchShape& shape,
                                    const EngineOptions& options) const {
    const Split wanted = options.split == Split::automatic ? Split::samples : options.split;
    return choose_split(network, shape, options.threads, wanted, split_costs());
  }

  Network network_;
  Isa isa_;
  const kernels::Variant<kernels::SequenceKernels>& kernels_;
  SequenceGeometry geometry_;
  cpu::ThreadTeam team_;
  kernels::Gemm gemm_;
  PackedBatch batch_;
  Chunks chunks_;
  ParameterStore store_;
  Head head_;
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
