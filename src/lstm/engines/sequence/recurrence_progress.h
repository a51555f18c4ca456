// How far each thread has come with its part of a layer's recurrence.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "engines/sequence/split.h"

namespace lstm::engines {

class RecurrenceProgress {
 public:
  explicit RecurrenceProgress(int threads) : counts_(static_cast<std::size_t>(threads)) {}

  // Not while any thread works.
  void reset() {
    for (Count& count : counts_) count.steps.store(0, std::memory_order_relaxed);
  }
  // By the thread itself: it has done one time step more. Whoever sees that sees what the thread wrote.
  void advance(int thread) {
    std::atomic<int>& steps = counts_[static_cast<std::size_t>(thread)].steps;
    steps.store(steps.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  // Whether all threads are through with so many of a direction's time steps. `split`: the recurrence's, of a
  // layer of so many directions and time steps in all.
  bool has(const RecurrenceSplit& split, int directions, int all_steps, int d, int steps) const {
    for (int thread = 0; thread < split.threads(); ++thread) {
      const Range own = split.directions_of(thread, directions);
      const bool takes_part = own.first <= d && d < own.last;
      if (takes_part && steps_of(thread) < (d - own.first) * all_steps + steps) return false;
    }
    return true;
  }
  // And with the layer.
  bool has_all(const RecurrenceSplit& split, int directions, int all_steps) const {
    for (int d = 0; d < directions; ++d)
      if (!has(split, directions, all_steps, d, all_steps)) return false;
    return true;
  }

 private:
  // Of one direction after the other.
  int steps_of(int thread) const {
    return counts_[static_cast<std::size_t>(thread)].steps.load(std::memory_order_acquire);
  }

  struct alignas(128) Count {
    std::atomic<int> steps{0};
  };
  std::vector<Count> counts_;
};

}  // namespace lstm::engines
