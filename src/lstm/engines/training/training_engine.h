// What every engine on the CPU has, whatever its layers look like: threads, the loaded batch, parameters with
// gradients and Adam, the head with its loss.
#pragma once

#include <string>

#include "cpu/thread_team.h"
#include "engines/training/head.h"
#include "engines/training/packed_batch.h"
#include "engines/training/parameter_store.h"
#include "engines/training/states.h"
#include "kernels/gemm/gemm.h"
#include "lstm/engine.h"
#include "model/checked_engine.h"

namespace lstm::engines {

// The level that options ask for, else the best available one. Throws std::invalid_argument where the machine
// lacks it.
Isa chosen_isa(const EngineOptions& options);

class TrainingEngine : public model::CheckedEngine {
 public:
  const Network& network() const final { return network_; }
  const ParameterLayout& layout() const final { return store_.layout(); }
  std::span<float> parameters() final { return store_.parameters(); }
  std::span<const float> gradients() const final { return store_.gradients(); }

  AdamState adam_state() const final { return store_.adam_state(); }

  std::size_t workspace_bytes() const final;

 protected:
  void load_batch(const Batch& batch) override {
    batch_.load(batch);
    states_.load(batch_);
  }
  void compute_loss() final { loss_ = head_.loss(batch_); }
  double computed_loss() final { return loss_; }
  void copy_logits(std::span<float> logits) const final { head_.read_logits(batch_, logits); }
  void copy_logit_gradients(std::span<const float> gradients) final {
    head_.set_logit_gradients(batch_, gradients);
  }
  bool has_input_gradients() const final { return input_gradients_; }
  void copy_input_gradients(std::span<float> gradients) const final {
    batch_.unpack_dx(team_, dx().data, dx().stride, gradients);
  }
  bool has_states() const final { return true; }
  void copy_final_states(std::span<float> h, std::span<float> c) const final;
  void copy_final_state_gradients(std::span<const float> h, std::span<const float> c) final {
    states_.set_final_gradients(batch_, h, c);
  }
  void clear_final_state_gradients() final { states_.clear_final_gradients(); }
  void copy_initial_state_gradients(std::span<float> h, std::span<float> c) const final {
    states_.read_initial_gradients(batch_, h, c);
  }
  void compute_update() final { store_.update(team_); }
  void copy_gradients(std::span<const float> gradients) final { store_.set_gradients(gradients); }
  double compute_clipping(double max_norm) final { return store_.clip_gradients(max_norm, team_); }
  void use_learning_rate(double rate) final { store_.set_learning_rate(rate); }
  void use_adam_state(const AdamState& state) final { store_.set_adam_state(state); }

  // stored_units: of one direction in y as the head reads it, (rows, D * stored_units); H where nothing is
  // padded. d_initial_h_row: as States takes it.
  TrainingEngine(const Network& network, const BatchShape& shape, const EngineOptions& options,
                 const AdamOptions& adam, int stored_units, int d_initial_h_row);

  // The gradients of x in packed rows, after a backward that was to compute them.
  struct PackedRows {
    const float* data;
    int stride;
  };
  virtual PackedRows dx() const = 0;
  // After forward: h and c (H) that the sample at a place ends in.
  virtual void read_final_state(int layer, int direction, int place, float* h, float* c) const = 0;

  // Of what the engine holds beside the members of this class.
  virtual std::size_t layer_bytes() const = 0;

  const BatchShape& shape() const { return shape_; }
  Isa isa() const { return isa_; }
  cpu::ThreadTeam& team() { return team_; }
  kernels::Gemm& gemm() { return gemm_; }
  const kernels::Gemm& gemm() const { return gemm_; }
  const PackedBatch& batch() const { return batch_; }
  ParameterStore& store() { return store_; }
  const ParameterStore& store() const { return store_; }
  Head& head() { return head_; }
  const States& states() const { return states_; }

  // "avx512 kernels, 2 threads".
  std::string kernels_and_threads(std::string_view kernels) const;

 private:
  Network network_;
  BatchShape shape_;
  Isa isa_;
  bool input_gradients_;
  mutable cpu::ThreadTeam team_;  // reading results shares out copies
  kernels::Gemm gemm_;
  PackedBatch batch_;
  States states_;
  ParameterStore store_;
  Head head_;
  double loss_ = 0;
};

}  // namespace lstm::engines
