// Engines whose tensors are dense, row-major and fp32: they derive from DenseEngine and add their layers,
// from x to y and from dy to gradients.
#pragma once

#include "engines/training/packed_weights.h"
#include "engines/training/training_engine.h"

namespace lstm::engines {

class DenseEngine : public TrainingEngine {
 protected:
  // Throws std::invalid_argument for what no such engine can do (dtypes but fp32), naming `engine`.
  DenseEngine(const char* engine, const Network& network, const BatchShape& shape,
              const EngineOptions& options, const AdamOptions& adam);

  void compute_forward() final;
  void compute_backward() final;

  // Rows are those of batch().
  virtual float* x() = 0;              // (N*T, C), filled before forward_layers
  virtual void forward_layers() = 0;   // from x to y
  virtual const float* y() const = 0;  // (N*T, D*H) of the last layer
  virtual float* dy() = 0;             // (N*T, D*H) of the last layer, filled before backward_layers
  // From dy to the gradients of all LSTM parameters, which are zero at its start.
  virtual void backward_layers() = 0;
  virtual std::size_t tensor_bytes() const = 0;

  std::size_t layer_bytes() const final { return tensor_bytes() + packed_weights_.bytes(); }
  // For the pass that runs.
  const PackedWeights& packed_weights() const { return packed_weights_; }
  int width() const { return network().directions * network().units; }  // D*H

 private:
  PackedWeights packed_weights_;
};

}  // namespace lstm::engines
