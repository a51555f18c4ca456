// dW, dR and db of one layer in bf16, of each chunk of time steps as soon as the backward recurrence is
// through with it.
#pragma once

#include "engines/sequence/bf16/state.h"

namespace lstm::engines::bf16 {

// One thread's part of them: some unit blocks, of all chunks in the order of the backward recurrence. So no
// two threads add to the same gradient, and the order of every sum is the same for any number of threads.
class WeightGradients {
 public:
  WeightGradients(State& state, int layer, int thread);

  // Some microseconds of work for a thread that waits for others; false where there is none at the moment.
  bool do_some();
  // All that is left, while the recurrence of others still goes on, too. When it returns, the layer's
  // recurrences are over.
  void finish();

 private:
  bool do_some(int rows);
  void begin(int d);
  bool is_ready();
  void add(const Chunk& chunk, int rows);

  State& state_;
  int layer_;
  ThreadScratch& scratch_;
  Range mine_;  // unit blocks of all directions, one after the other
  // What comes next.
  int direction_ = 0;
  Range blocks_;   // of the direction
  int index_ = 0;  // the chunk, in the order of the backward recurrence
  bool is_ready_ = false;
  bool is_packed_ = false;  // [X | H before] of it
  int block_ = 0, row_ = 0;
};

}  // namespace lstm::engines::bf16
