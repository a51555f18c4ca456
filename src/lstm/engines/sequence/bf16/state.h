// What the parts of the bf16 engine share: forward.cpp, backward.cpp, weight_gradients.cpp,
// input_gradients.cpp and weights.cpp work on it.
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>

#include "cpu/barrier.h"
#include "cpu/thread_team.h"
#include "engines/sequence/backward_progress.h"
#include "engines/sequence/bf16/bands.h"
#include "engines/sequence/bf16/buffers.h"
#include "engines/sequence/layer_buffers.h"
#include "engines/sequence/split.h"
#include "engines/training/packed_batch.h"
#include "engines/training/parameter_store.h"
#include "engines/training/states.h"

namespace lstm::engines::bf16 {

// One thread's share of a layer's recurrence.
struct RecurrenceTask {
  Range directions;                 // that it goes through, one after the other
  int first_place, distance, most;  // places first_place, first_place + distance, ..., so many at most
  Range blocks;                     // panels of 32 units
  cpu::Barrier* barrier;            // with the threads that have its other panels

  // How many of its samples are among the first `places`.
  int samples(int places) const {
    return places <= first_place ? 0 : std::min(most, (places - first_place + distance - 1) / distance);
  }
  int place(int index) const { return first_place + index * distance; }
  Range units() const {
    return {blocks.first * kernels::bf16::kPanelColumns, blocks.last * kernels::bf16::kPanelColumns};
  }
};

struct State {
  const Network& network;
  const Geometry& geometry;
  const kernels::bf16::Kernels& kernels;
  const PackedBatch& batch;
  const Chunks& projection_chunks;
  const Chunks& input_gradient_chunks;
  const Chunks& gradient_chunks;
  const Bands& bands;
  const ParameterStore& store;
  const States& states;
  int samples;  // that there is memory for
  Buffers& buffers;
  cpu::ThreadTeam& team;
  RecurrenceSplit split;
  const std::vector<char>& layers_with_inputs_in_steps;  // 0 or 1 by layer
  bool gates_pass_caches;                                // those of forward are gone when backward comes
  std::deque<cpu::Barrier> barriers;                     // one for each set of unit parts
  BackwardProgress backward_progress;
  std::atomic<int> next_input_chunk{0};  // of the input gradient: taken by whichever thread is free
  const float* d_last =
      nullptr;  // cross-entropy: gradient of y at each sample's last step (N, width) by place

  // False where the thread has no part in the recurrence.
  bool has_task(int thread) const { return thread < split.threads(); }
  // Its blocks are panels of 32 units.
  RecurrenceTask task(int thread);

  DirectionBuffers& direction(int layer, int d) {
    return buffers.layers[static_cast<std::size_t>(layer)].directions[static_cast<std::size_t>(d)];
  }
  const DirectionBuffers& direction(int layer, int d) const {
    return buffers.layers[static_cast<std::size_t>(layer)].directions[static_cast<std::size_t>(d)];
  }
  Bf16* y(int layer) { return buffers.layers[static_cast<std::size_t>(layer)].y.data(); }
  // (rows, inputs) of a layer.
  const Bf16* input(int layer) { return layer == 0 ? buffers.x.data() : y(layer - 1); }

  // Whether a step of forward multiplies its inputs, too. Else that is done before, a chunk of steps at once.
  bool adds_inputs_in_steps(int layer) const {
    return layers_with_inputs_in_steps[static_cast<std::size_t>(layer)] != 0;
  }

  // Whether the gradient of this layer's input is wanted.
  bool has_input_gradients(int layer) const { return !direction(layer, 0).W_back.empty(); }

  // True where this layer's gradient from above exists at the last steps only.
  bool has_last_dy_only(int layer) const {
    return !network.reads_every_step() && layer == network.layers - 1;
  }

  // What places place, place + distance, ... start from, as rows of operands (Hp) and as saved; nullptr:
  // zero.
  ConstRows initial_h(int layer, int d, int place, int distance = 1) const {
    return initial_rows(buffers.initial_h, layer, d, place, distance);
  }
  ConstRows initial_c(int layer, int d, int place, int distance = 1) const {
    return initial_rows(buffers.initial_c, layer, d, place, distance);
  }
  ConstRows initial_rows(std::span<const Bf16> initial, int layer, int d, int place, int distance) const {
    if (!states.has_initial()) return {};
    const std::size_t row = static_cast<std::size_t>(distance) * geometry.words(geometry.Hp);
    return {initial.data() + initial_at(layer, d, place), row, 16 * row,
            geometry.words(kernels::bf16::kTileK)};
  }
  // Where a place lies in them: one row behind the other.
  std::size_t initial_at(int layer, int d, int place) const {
    return (static_cast<std::size_t>(layer * geometry.D + d) * static_cast<std::size_t>(samples) +
            static_cast<std::size_t>(place)) *
           geometry.words(geometry.Hp);
  }
};

// Each is called by every thread of the team at once, with barriers of the team between them.
void round_inputs(State& state, int thread);  // and initial states
void pack_forward_weights(State& state, int thread);
void pack_backward_weights(State& state, int thread);
void forward_recurrence(State& state, int layer, int thread);
class WeightGradients;
// Where it waits it computes `gradients`, the thread's part in those of the layer.
void backward_recurrence(State& state, int layer, int thread, WeightGradients& gradients);
// After the backward_recurrence of all threads.
void input_gradients(State& state, int layer);
// After that of all layers; where the batch has initial states.
void initial_state_gradients(State& state, int thread);

}  // namespace lstm::engines::bf16
