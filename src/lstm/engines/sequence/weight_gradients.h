// dW, dR and db of one layer, of each chunk of time steps as soon as the backward recurrence is through with
// it.
#pragma once

#include <optional>

#include "engines/sequence/sequence_state.h"

namespace lstm::engines {

// What one thread does of them. The work is cut into jobs of some rows of the gradient and some unit blocks
// of a direction, which go through the chunks in the order of the backward recurrence (ChunkJobs): so no two
// threads add to the same element, and the order of every sum is the same for any number of threads. A thread
// packs only what its job's rows need of [X | H | 1].
class WeightGradients {
 public:
  WeightGradients(SequenceState& state, int layer, int thread);

  // Some microseconds of work for a thread that waits for others; false where there is none at the moment.
  bool do_some();
  // All that is left, with the other threads, while the recurrence of others still goes on, too. When it
  // returns, the layer's recurrences are over, and all jobs are done or in other threads' hands.
  void finish();

 private:
  bool do_some(int tiles);
  bool begin_turn();
  bool is_ready(int d, int chunk);
  void pack(int rows);
  void multiply(int rows);
  void end_turn();
  float* packed_row(int row) {
    return scratch_.packed.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(chunk_->rows);
  }

  SequenceState& state_;
  int layer_;
  int thread_;
  ThreadScratch& scratch_;
  ChunkJobs& jobs_;
  int ready_[2] = {};  // by direction: chunks known to be ready
  // The job at hand, and how far it is.
  std::optional<ChunkJobs::Turn> turn_;
  int direction_ = 0;
  const Chunk* chunk_ = nullptr;
  Range m_;         // rows of the gradient: columns of [X | H | 1]
  Range blocks_;    // unit blocks
  int packed_ = 0;  // of m
  int block_ = 0, row_ = 0;
};

}  // namespace lstm::engines
