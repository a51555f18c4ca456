// Preactivations before the recurrence: bias + X * W.
#pragma once

#include "engines/sequence/sequence_state.h"

namespace lstm::engines {

// Those of a task's rows and unit blocks, one chunk after the other in the order of a direction.
class InputProducts {
 public:
  // From the `first`-th chunk on. Keeps `task`; uses the thread's scratch until the last chunk is finished.
  InputProducts(SequenceState& state, int layer, int d, const RecurrenceTask& task, int thread, int first);

  // What is left of the next chunk.
  void finish_next();
  // Some microseconds' work on the chunk after the last one that was finished, for a thread that waits for
  // others; false where all of it is done.
  bool do_some();
  // After the task has fewer samples, where do_some was never called.
  void take_fewer_samples() { begin(index_); }

 private:
  void begin(int index);
  void multiply(int blocks, int rows);

  SequenceState& state_;
  int layer_, d_;
  const RecurrenceTask& task_;
  ThreadScratch& scratch_;
  int finished_;  // chunks up to here, not counting what was done beyond
  // The chunk at hand, its rows of the task, and what comes next of them.
  int index_ = 0;
  const Chunk* chunk_ = nullptr;
  int rows_ = 0;
  int block_ = 0, row_ = 0;  // `block_`: of the task's
};

}  // namespace lstm::engines
