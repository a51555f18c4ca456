#include "engines/sequence/bf16/engine.h"

#include <algorithm>
#include <array>
#include <string>

#include "cpu/caches.h"
#include "engines/sequence/bf16/state.h"
#include "engines/sequence/bf16/tile_split.h"
#include "engines/sequence/bf16/weight_gradients.h"
#include "engines/sequence/padded_head.h"
#include "engines/training/training_engine.h"

namespace lstm::engines::bf16 {
namespace {

// Rows whose inputs' products wait for their time step, of one thread, for each MB of second-level cache:
// they should stay there. For each chunk of them all of W comes by.
constexpr int kProjectedRows = 64;
constexpr int kMostProjectedRows = 128;
// Of tiles: their products take less time than W does, so that it comes by half as often.
constexpr int kTimesForTiles = 2;
// Rows of a weight gradient, times parts, added up before its sums go back to memory.
constexpr int kGradientRows = 512;
// Rows of the input gradient computed at once, times parts: their gradients of gates stay in the second-level
// cache while all columns pass by.
constexpr int kInputGradientRows = 256;
// As SplitCosts has it: parts are equal here, whoever is slow.
constexpr double kBarrierRisk = 1.25;
// Rows that a pass over the weights of a step should serve at least.
constexpr int kRowsForInputsInSteps = 32;

int parts_of(DType dtype) {
  return dtype == DType::bf16x3 ? 2 : 1;
}

using Variant = kernels::Variant<kernels::bf16::Kernels>;

// AMX and its model.
bool has_tiles(const Variant& variant) {
  return variant.isa == Isa::amx || variant.isa == Isa::portable;
}

// Vector instructions follow the rule of split.cpp.
RecurrenceSplit split_for(const Variant& variant, int parts, const Network& network, const BatchShape& shape,
                          const EngineOptions& options) {
  const auto P = static_cast<std::size_t>(parts);
  if (has_tiles(variant)) {
    return choose_tile_split(network, shape, options.threads, options.split,
                             {.parts = parts, .l2_bytes = cpu::l2_bytes()});
  }
  // A number of an operand has half the bytes of a float, or as many in two parts.
  return choose_split(network, shape, options.threads, options.split,
                      {.block = kernels::bf16::kPanelColumns,
                       .tile_rows = variant.function.tile_rows,
                       .l2_bytes = 2 * cpu::l2_bytes() / P,
                       .barrier_risk = kBarrierRisk});
}

int projected_rows(const Variant& variant) {
  const auto megabytes = static_cast<int>(cpu::l2_bytes() >> 20);
  return std::clamp(kProjectedRows * megabytes, kProjectedRows, kMostProjectedRows) *
         (has_tiles(variant) ? kTimesForTiles : 1);
}

// Those whose W and R stay in the second-level cache together, as far as a thread's units need them.
std::vector<char> layers_with_inputs_in_steps(const kernels::bf16::Kernels& kernels, const Geometry& geometry,
                                              const Network& network, const BatchShape& shape,
                                              const RecurrenceSplit& split) {
  std::vector<char> layers(static_cast<std::size_t>(network.layers));
  if (!kernels.adds_inputs_in_steps) return layers;
  if (shape.samples / split.sample_groups < kRowsForInputsInSteps) return layers;
  const int panels = (geometry.panels + split.unit_parts - 1) / split.unit_parts;
  for (int layer = 0; layer < network.layers; ++layer) {
    const std::size_t bytes = geometry.words(4 * kernels::bf16::kPanelColumns * panels) * sizeof(Bf16) *
                              static_cast<std::size_t>(geometry.gradient_rows(layer));
    layers[static_cast<std::size_t>(layer)] =
        stays_in_l2(static_cast<double>(bytes), cpu::l2_bytes()) ? 1 : 0;
  }
  return layers;
}

class SequenceEngine final : public TrainingEngine {
 public:
  SequenceEngine(const Network& network, const BatchShape& shape, const EngineOptions& options,
                 const AdamOptions& adam)
      : TrainingEngine(network, shape, options, adam, Geometry(network, parts_of(options.dtype)).Hp,
                       Geometry(network, parts_of(options.dtype)).Hp),
        dtype_(options.dtype),
        kernels_(kernels::select(kernels::bf16::variants(parts_of(dtype_)), isa())),
        geometry_(network, parts_of(dtype_)),
        split_(split_for(kernels_, geometry_.P, network, shape, options)),
        projection_chunks_(shape, projected_rows(kernels_) * split_.sample_groups),
        input_gradient_chunks_(shape, kInputGradientRows / geometry_.P),
        gradient_chunks_(shape, kGradientRows / geometry_.P),
        bands_(shape, geometry_.P, split_.sample_groups),
        layers_with_inputs_in_steps_(
            layers_with_inputs_in_steps(kernels_.function, geometry_, network, shape, split_)),
        buffers_(geometry_, network, shape.samples, batch().most_rows(),
                 {.projected = std::ranges::count(layers_with_inputs_in_steps_, 0) == 0
                                   ? 0
                                   : projection_chunks_.most_rows(),
                  .steps = std::min(shape.time_steps, projection_chunks_.most_rows()),
                  .gradient = gradient_chunks_.most_rows()},
                 options),
        padded_head_(this->network(), geometry_.Hp, store(), buffers_.head, buffers_.d_head),
        state_{.network = this->network(),
               .geometry = geometry_,
               .kernels = kernels_.function,
               .batch = batch(),
               .projection_chunks = projection_chunks_,
               .input_gradient_chunks = input_gradient_chunks_,
               .gradient_chunks = gradient_chunks_,
               .bands = bands_,
               .store = store(),
               .states = states(),
               .samples = shape.samples,
               .buffers = buffers_,
               .team = team(),
               .split = split_,
               .layers_with_inputs_in_steps = layers_with_inputs_in_steps_,
               .gates_pass_caches =
                   buffers_.gates_bytes() > static_cast<std::size_t>(team().threads()) * cpu::l2_bytes(),
               .barriers = {},
               .backward_progress = {this->network(), batch(), team().threads()}} {
    for (int i = 0; i < split_.directions_at_once * split_.sample_groups; ++i) {
      state_.barriers.emplace_back(split_.unit_parts, team().barrier_spin());
    }
  }

  std::string description() const override {
    return (dtype_ == DType::bf16 ? "bf16 " : "bf16x3 ") + kernels_and_threads(kernels_.name) + ", " +
           split_.description();
  }

 protected:
  void load_batch(const Batch& batch) override {
    TrainingEngine::load_batch(batch);
    projection_chunks_.cut(this->batch());
    input_gradient_chunks_.cut(this->batch());
    gradient_chunks_.cut(this->batch());
    bands_.cut(this->batch());
  }

  void compute_forward() override {
    const int last = network().layers - 1;
    team().run([&](int thread) {
      round_inputs(state_, thread);
      pack_forward_weights(state_, thread);
      for (int layer = 0; layer <= last; ++layer) {
        team().barrier();
        forward_recurrence(state_, layer, thread);
      }
      team().barrier();
      widen_output(thread);
    });
    padded_head_.pack(team());
    if (network().reads_every_step()) {
      head().forward(batch(), buffers_.y_last.data(), padded_head_.weights());
    } else {
      head().forward_last_steps(batch(), padded_head_.weights());
    }
  }

  void compute_backward() override {
    const int last = network().layers - 1;
    if (network().reads_every_step()) {
      head().backward(batch(), buffers_.y_last.data(), padded_head_.weights(), padded_head_.gradient(),
                      buffers_.dy.data());
    } else {
      state_.d_last = head().backward_last_steps(batch(), padded_head_.weights(), padded_head_.gradient());
    }
    padded_head_.finish_gradient(team());
    state_.backward_progress.reset();
    team().run([&](int thread) {
      pack_backward_weights(state_, thread);
      for (int layer = last; layer >= 0; --layer) {
        team().barrier();
        if (thread == 0) state_.next_input_chunk.store(0, std::memory_order_relaxed);
        WeightGradients gradients(state_, layer, thread);
        backward_recurrence(state_, layer, thread, gradients);
        gradients.finish();
        if (state_.has_input_gradients(layer)) input_gradients(state_, layer);
      }
      if (states().has_initial()) initial_state_gradients(state_, thread);
    });
  }

  void read_final_state(int layer, int direction, int place, float* h, float* c) const override {
    const Bf16* y = buffers_.layers[static_cast<std::size_t>(layer)].y.data();
    constexpr int kAtOnce = kernels::bf16::kTileK;
    for (int unit = 0; unit < geometry_.H; unit += kAtOnce) {
      std::array<float, kAtOnce> some;
      kernels_.function.widen_row(
          bands_.row(y, geometry_.width, batch().end(direction, place), batch().end_row(direction, place),
                     direction * geometry_.Hp + unit),
          kAtOnce, some.data());
      std::copy_n(some.begin(), std::min(kAtOnce, geometry_.H - unit), h + unit);
    }
    std::copy_n(states().final_c(layer, direction).at(place), geometry_.H, c);
  }
  PackedRows dx() const override { return {buffers_.dy.data(), geometry_.Cp}; }
  std::size_t layer_bytes() const override { return buffers_.bytes(); }

 private:
  // The head computes in fp32 on the rows of y that the loss reads.
  void widen_output(int thread) {
    const int width = geometry_.width;
    const Bf16* y = state_.y(network().layers - 1);
    const auto widen = [&](int t, int place, std::span<float> to, int to_row) {
      kernels_.function.widen_row(
          bands_.row(y, width, t, batch().row(t) + place), width,
          to.data() + static_cast<std::size_t>(to_row) * static_cast<std::size_t>(width));
    };
    if (network().reads_every_step()) {
      const Range steps = part_of(batch().steps(), thread, team().threads());
      for (int t = steps.first; t < steps.last; ++t) {
        for (int place = 0; place < batch().active(t); ++place) {
          widen(t, place, buffers_.y_last, batch().row(t) + place);
        }
      }
    } else {
      const Range places = part_of(batch().samples(), thread, team().threads());
      for (int place = places.first; place < places.last; ++place) {
        widen(batch().length(place) - 1, place, head().last_y(), place);
      }
    }
  }

  DType dtype_;
  const Variant& kernels_;
  Geometry geometry_;
  RecurrenceSplit split_;
  Chunks projection_chunks_;
  Chunks input_gradient_chunks_;
  Chunks gradient_chunks_;
  Bands bands_;
  std::vector<char> layers_with_inputs_in_steps_;
  Buffers buffers_;
  PaddedHead padded_head_;
  State state_;
};

}  // namespace

RecurrenceTask State::task(int thread) {
  const int set = thread / split.unit_parts;  // threads that share direction and samples
  const int group = set % split.sample_groups;
  // Of samples of one length neighbours, else every so manyth.
  const bool are_neighbours = bands.are_tiles();
  const int most = (batch.samples() + split.sample_groups - 1) / split.sample_groups;
  return {.directions = split.directions_of(thread, network.directions),
          .first_place = are_neighbours ? group * most : group,
          .distance = are_neighbours ? 1 : split.sample_groups,
          .most = most,
          .blocks = part_of(geometry.panels, thread % split.unit_parts, split.unit_parts),
          .barrier = &barriers[static_cast<std::size_t>(set)]};
}

std::unique_ptr<Engine> make_engine(const Network& network, const BatchShape& shape,
                                    const EngineOptions& options, const AdamOptions& adam) {
  return std::make_unique<SequenceEngine>(network, shape, options, adam);
}

}  // namespace lstm::engines::bf16
