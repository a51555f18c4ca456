// How far the backward recurrences of all layers have come, for who reads what they wrote meanwhile.
#pragma once

#include <cstddef>
#include <vector>

#include "engines/sequence/layer_buffers.h"
#include "engines/sequence/recurrence_progress.h"
#include "engines/training/packed_batch.h"

namespace lstm::engines {

class BackwardProgress {
 public:
  // Keeps the network and the batch.
  BackwardProgress(const Network& network, const PackedBatch& batch, int threads)
      : network_(network), batch_(batch) {
    for (int layer = 0; layer < network.layers; ++layer) layers_.emplace_back(threads);
  }

  // Before a training step's backward.
  void reset() {
    for (RecurrenceProgress& layer : layers_) layer.reset();
  }
  // By the thread itself: it has done one time step more.
  void advance(int layer, int thread) { layers_[static_cast<std::size_t>(layer)].advance(thread); }

  // Whether all threads are through with a chunk of a direction: then it has the gradients of all its gates.
  bool has(const RecurrenceSplit& split, int layer, int d, const Chunk& chunk) const {
    const int steps = d == 0 ? batch_.steps() - chunk.first_step : chunk.last_step;
    return of(layer).has(split, network_.directions, batch_.steps(), d, steps);
  }
  // And with the layer.
  bool has_all(const RecurrenceSplit& split, int layer) const {
    return of(layer).has_all(split, network_.directions, batch_.steps());
  }

 private:
  const RecurrenceProgress& of(int layer) const { return layers_[static_cast<std::size_t>(layer)]; }

  const Network& network_;
  const PackedBatch& batch_;
  std::vector<RecurrenceProgress> layers_;
};

}  // namespace lstm::engines
