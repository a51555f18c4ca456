#include "engines/sequence/bf16/engine.h"

#include <algorithm>
#include <string>

#include "cpu/caches.h"
#include "engines/sequence/bf16/state.h"
#include "engines/sequence/bf16/tile_split.h"
#include "engines/sequence/bf16/weight_gradients.h"
#include "engines/sequence/padded_head.h"
#include "engines/training/head.h"
#include "engines/training/training_engine.h"

namespace lstm::engines::bf16 {
namespace {

// Rows whose inputs' products wait for their time step, of one thread: they should stay in the second-level
// cache.
constexpr int kProjectedRows = 64;
// Rows of a weight gradient, times parts, added up before its sums go back to memory.
constexpr int kGradientRows = 512;

int parts_of(DType dtype) {
  return dtype == DType::bf16x3 ? 2 : 1;
}

// Vector instructions follow the rule of split.cpp; AMX and its model that of tiles.
RecurrenceSplit split_for(const kernels::Variant<kernels::bf16::Kernels>& variant, int parts,
                          const Network& network, const BatchShape& shape, const EngineOptions& options) {
  const auto P = static_cast<std::size_t>(parts);
  if (variant.isa == Isa::amx || variant.isa == Isa::portable) {
    return choose_tile_split(network, shape, options.threads, options.split,
                             {.parts = parts, .l2_bytes = cpu::l2_bytes()});
  }
  // A number of an operand has half the bytes of a float, or as many in two parts.
  return choose_split(network, shape, options.threads, options.split,
                      {.block = kernels::bf16::kPanelColumns,
                       .tile_rows = variant.function.tile_rows,
                       .l2_bytes = 2 * cpu::l2_bytes() / P});
}

class SequenceEngine final : public Engine {
 public:
  SequenceEngine(const Network& network, const BatchShape& shape, const EngineOptions& options,
                 const AdamOptions& adam)
      : network_(network),
        isa_(chosen_isa(options)),
        dtype_(options.dtype),
        kernels_(kernels::select(kernels::bf16::variants(parts_of(dtype_)), isa_)),
        geometry_(network, parts_of(dtype_)),
        team_(options.threads, options.pin_threads),
        gemm_(isa_, team_),
        batch_(network, shape),
        split_(split_for(kernels_, geometry_.P, network, shape, options)),
        projection_chunks_(shape, kProjectedRows * split_.sample_groups),
        gradient_chunks_(shape, kGradientRows / geometry_.P),
        store_(network, adam, isa_),
        head_(PaddedHead::padded(network, geometry_.Hp), shape, isa_, team_, gemm_),
        buffers_(geometry_, network, shape.samples, batch_.most_rows(),
                 {.projected = projection_chunks_.most_rows(),
                  .steps = std::min(shape.time_steps, projection_chunks_.most_rows()),
                  .gradient = gradient_chunks_.most_rows()},
                 options.threads),
        padded_head_(network_, geometry_.Hp, store_, buffers_.head, buffers_.d_head),
        state_{.network = network_,
               .geometry = geometry_,
               .kernels = kernels_.function,
               .batch = batch_,
               .projection_chunks = projection_chunks_,
               .gradient_chunks = gradient_chunks_,
               .store = store_,
               .buffers = buffers_,
               .team = team_,
               .split = split_,
               .barriers = {},
               .backward_progress = {network_, batch_, team_.threads()}} {
    for (int i = 0; i < split_.directions_at_once * split_.sample_groups; ++i) {
      state_.barriers.emplace_back(split_.unit_parts, team_.barrier_spin());
    }
  }

  const Network& network() const override { return network_; }
  const ParameterLayout& layout() const override { return store_.layout(); }
  std::span<float> parameters() override { return store_.parameters(); }
  std::span<const float> gradients() const override { return store_.gradients(); }

  void load(const Batch& batch) override {
    batch_.load(batch);
    projection_chunks_.cut(batch_);
    gradient_chunks_.cut(batch_);
  }

  void forward() override {
    const int last = network_.layers - 1;
    team_.run([&](int thread) {
      round_inputs(state_, thread);
      pack_forward_weights(state_, thread);
      for (int layer = 0; layer <= last; ++layer) {
        team_.barrier();
        forward_recurrence(state_, layer, thread);
      }
      team_.barrier();
      widen_output(thread);
    });
    if (is_ctc()) {
      head_.forward(batch_, buffers_.y_last.data(), padded_head_.weights());
    } else {
      head_.forward_last_steps(batch_, padded_head_.weights());
    }
  }

  double loss() override { return head_.loss(batch_); }

  void backward() override {
    const int last = network_.layers - 1;
    if (is_ctc()) {
      head_.backward(batch_, buffers_.y_last.data(), padded_head_.weights(), padded_head_.gradient(),
                     buffers_.dy.data());
    } else {
      state_.d_last = head_.backward_last_steps(batch_, padded_head_.weights(), padded_head_.gradient());
    }
    padded_head_.finish_gradient();
    state_.backward_progress.reset();
    team_.run([&](int thread) {
      pack_backward_weights(state_, thread);
      for (int layer = last; layer >= 0; --layer) {
        team_.barrier();
        if (thread == 0) state_.next_part.store(0, std::memory_order_relaxed);
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
    return (dtype_ == DType::bf16 ? "bf16 " : "bf16x3 ") + std::string(kernels_.name) + " kernels, " +
           std::to_string(team_.threads()) + (team_.threads() == 1 ? " thread, " : " threads, ") +
           split_.description();
  }

 private:
  bool is_ctc() const { return network_.loss == Loss::ctc; }

  // The head computes in fp32 on the rows of y that the loss reads.
  void widen_output(int thread) {
    const int width = geometry_.width;
    const Bf16* y = state_.y(network_.layers - 1);
    const auto widen = [&](int from, float* to) {
      kernels_.function.widen_row(y + static_cast<std::size_t>(from) * geometry_.words(width), width, to);
    };
    const Range rows = part_of(is_ctc() ? batch_.rows() : batch_.samples(), thread, team_.threads());
    for (int i = rows.first; i < rows.last; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * static_cast<std::size_t>(width);
      if (is_ctc()) {
        widen(i, buffers_.y_last.data() + at);
      } else {
        widen(batch_.row(batch_.length(i) - 1) + i, head_.last_y().data() + at);
      }
    }
  }

  Network network_;
  Isa isa_;
  DType dtype_;
  const kernels::Variant<kernels::bf16::Kernels>& kernels_;
  Geometry geometry_;
  cpu::ThreadTeam team_;
  kernels::Gemm gemm_;
  PackedBatch batch_;
  RecurrenceSplit split_;
  Chunks projection_chunks_;
  Chunks gradient_chunks_;
  ParameterStore store_;
  Head head_;
  Buffers buffers_;
  PaddedHead padded_head_;
  State state_;
};

}  // namespace

RecurrenceTask State::task(int thread) {
  const int set = thread / split.unit_parts;  // threads that share direction and samples
  return {.directions = split.directions_of(thread, network.directions),
          .group = set % split.sample_groups,
          .groups = split.sample_groups,
          .blocks = part_of(geometry.panels, thread % split.unit_parts, split.unit_parts),
          .barrier = &barriers[static_cast<std::size_t>(set)]};
}

std::unique_ptr<Engine> make_engine(const Network& network, const BatchShape& shape,
                                    const EngineOptions& options, const AdamOptions& adam) {
  return std::make_unique<SequenceEngine>(network, shape, options, adam);
}

}  // namespace lstm::engines::bf16
