// How far each thread has come with its part of a layer's recurrence.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

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
  // Time steps done, of one direction after the other.
  int steps(int thread) const {
    return counts_[static_cast<std::size_t>(thread)].steps.load(std::memory_order_acquire);
  }

 private:
  struct alignas(128) Count {
    std::atomic<int> steps{0};
  };
  std::vector<Count> counts_;
};

}  // namespace lstm::engines
