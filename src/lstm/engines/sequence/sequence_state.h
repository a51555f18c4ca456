// What the parts of the sequence engine share: forward.cpp, backward.cpp, input_products.cpp,
// weight_gradients.cpp, input_gradients.cpp and weights.cpp work on it.
#pragma once

#include <atomic>
#include <deque>
#include <vector>

#include "cpu/thread_team.h"
#include "engines/sequence/backward_progress.h"
#include "engines/sequence/chunk_jobs.h"
#include "engines/sequence/handover.h"
#include "engines/sequence/layer_buffers.h"
#include "engines/sequence/recurrence_shares.h"
#include "engines/training/packed_batch.h"
#include "engines/training/parameter_store.h"
#include "engines/training/states.h"
#include "kernels/sequence/sequence.h"

namespace lstm::engines {

struct SequenceState {
  const Network& network;
  const SequenceGeometry& geometry;
  const kernels::SequenceKernels& kernels;
  const PackedBatch& batch;
  const Chunks& chunks;
  const ParameterStore& store;
  const States& states;
  SequenceBuffers& buffers;
  cpu::ThreadTeam& team;
  RecurrenceShares recurrence;
  std::deque<Handover> handovers;  // by layer, in forward
  BackwardProgress backward_progress;
  std::vector<ChunkJobs> gradient_jobs;  // by layer: (directions, parts of rows, parts of units)
  std::atomic<int> next_input_part{0};   // of the input gradient's parts of chunks
  const float* d_last =
      nullptr;  // cross-entropy: gradient of y at each sample's last step (N, width) by place

  SequenceState(const Network& network_, const SequenceGeometry& geometry_,
                const kernels::SequenceKernels& kernels_, const PackedBatch& batch_, const Chunks& chunks_,
                const ParameterStore& store_, const States& states_, SequenceBuffers& buffers_,
                cpu::ThreadTeam& team_, const RecurrenceSplit& split, const RecurrenceSplit& alternative);

  // Before a training step's forward and backward.
  void begin_forward() {
    recurrence.begin_step();
    for (Handover& handover : handovers) handover.begin(recurrence.split().threads());
  }
  void begin_backward() {
    backward_progress.reset();
    for (ChunkJobs& jobs : gradient_jobs) jobs.reset();
  }

  DirectionBuffers& direction(int layer, int d) {
    return buffers.layers[static_cast<std::size_t>(layer)].directions[static_cast<std::size_t>(d)];
  }
  const DirectionBuffers& direction(int layer, int d) const {
    return buffers.layers[static_cast<std::size_t>(layer)].directions[static_cast<std::size_t>(d)];
  }
  float* y(int layer) { return buffers.layers[static_cast<std::size_t>(layer)].y.data(); }

  // Where the gates of the first unit block of a chunk's row lie, and the distance between unit blocks.
  float* gates(DirectionBuffers& buffers_of, const Chunk& chunk, int row) const {
    return buffers_of.gates.data() + static_cast<std::size_t>(chunk.first_row) * geometry.gates +
           static_cast<std::size_t>(row - chunk.first_row) * geometry.gate_row;
  }
  std::size_t gates_panel(const Chunk& chunk) const {
    return static_cast<std::size_t>(chunk.rows) * geometry.gate_row;
  }

  // The input of a layer at a place and time step.
  const float* input(int layer, int t, int place) {
    if (layer == 0) return batch.x(place, t);
    return y(layer - 1) + static_cast<std::size_t>(batch.row(t) + place) * geometry.width;
  }

  // Whether the gradient of this layer's input is wanted.
  bool has_input_gradients(int layer) const { return !direction(layer, 0).W_back.empty(); }

  // True where this layer's gradient from above exists at the last steps only.
  bool has_last_dy_only(int layer) const {
    return !network.reads_every_step() && layer == network.layers - 1;
  }
};

// Each is called by every thread of the team at once, with barriers of the team between them.
void pack_forward_weights(SequenceState& state, int thread);
void pack_backward_weights(SequenceState& state, int thread);
void forward_recurrence(SequenceState& state, int layer, int thread);
class WeightGradients;
// Where it waits it computes `gradients`, the thread's part in those of the layer.
void backward_recurrence(SequenceState& state, int layer, int thread, WeightGradients& gradients);
// After the backward_recurrence of all threads.
void input_gradients(SequenceState& state, int layer);
// After that of all layers; where the batch has initial states.
void initial_state_gradients(SequenceState& state, int thread);

}  // namespace lstm::engines
