// Everything of a training step but the LSTM layers: loading, head, loss, parameters, Adam. Engines that run
// on packed fp32 rows derive from it and add their layers.
#pragma once

#include <string>

#include "cpu/thread_team.h"
#include "engines/training/head.h"
#include "engines/training/packed_batch.h"
#include "engines/training/packed_weights.h"
#include "engines/training/parameter_store.h"
#include "kernels/gemm/gemm.h"
#include "lstm/engine.h"

namespace lstm::engines {

// The level that options ask for, else the best available one. Throws std::invalid_argument where the machine
// lacks it.
Isa chosen_isa(const EngineOptions& options);

class TrainingEngine : public Engine {
 public:
  const Network& network() const final { return network_; }
  const ParameterLayout& layout() const final { return store_.layout(); }
  std::span<float> parameters() final { return store_.parameters(); }
  std::span<const float> gradients() const final { return store_.gradients(); }

  void load(const Batch& batch) final;
  void forward() final;
  double loss() final { return head_.loss(batch_); }
  void backward() final;
  void update() final { store_.update(team_); }

  void read_logits(std::span<float> logits) const final { head_.read_logits(batch_, logits); }
  double clip_gradients(double max_norm) final { return store_.clip_gradients(max_norm, team_); }
  void set_learning_rate(double rate) final { store_.set_learning_rate(rate); }

  std::size_t workspace_bytes() const final;

 protected:
  // Throws std::invalid_argument for what no such engine can do (dtypes but fp32), naming `engine`.
  TrainingEngine(const char* engine, const Network& network, const BatchShape& shape,
                 const EngineOptions& options, const AdamOptions& adam);

  // Rows are those of batch(). All tensors are dense and row-major.
  virtual float* x() = 0;              // (N*T, C), filled before forward_layers
  virtual void forward_layers() = 0;   // from x to y
  virtual const float* y() const = 0;  // (N*T, D*H) of the last layer
  virtual float* dy() = 0;             // (N*T, D*H) of the last layer, filled before backward_layers
  // From dy to the gradients of all LSTM parameters, which are zero at its start.
  virtual void backward_layers() = 0;
  virtual std::size_t layer_bytes() const = 0;

  const BatchShape& shape() const { return shape_; }
  const PackedBatch& batch() const { return batch_; }
  const ParameterStore& store() const { return store_; }
  cpu::ThreadTeam& team() { return team_; }
  kernels::Gemm& gemm() { return gemm_; }
  // For the pass that runs.
  const PackedWeights& packed_weights() const { return packed_weights_; }
  Isa isa() const { return isa_; }
  int width() const { return network_.directions * network_.units; }  // D*H
  // "avx512 kernels, 2 threads".
  std::string kernels_and_threads() const;

 private:
  Network network_;
  BatchShape shape_;
  Isa isa_;
  cpu::ThreadTeam team_;
  kernels::Gemm gemm_;
  PackedBatch batch_;
  ParameterStore store_;
  PackedWeights packed_weights_;
  Head head_;
};

}  // namespace lstm::engines
