// Threads that are done with their part of a recurrence take over samples from those that are not.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "cpu/spin.h"
#include "engines/training/range.h"

namespace lstm::engines {

// What is left of a direction for some samples.
struct RecurrenceRest {
  int direction;
  int step;      // the first that is left, in the order of the recurrence
  Range places;  // of the sorted batch
};

// One pass over a layer. Whoever works looks at is_wanted() now and then, and gives a part of what it has
// left to one of those that wait. What the giver wrote is visible to the taker.
class Handover {
 public:
  // Before the pass, while no thread is in it: so many threads begin with work.
  void begin(int working) { working_.store(working, std::memory_order_relaxed); }

  bool is_wanted() const { return waiting_.load(std::memory_order_relaxed) > 0; }
  // False where nobody waits any more, or somebody else gives at the moment. By a thread that works.
  bool give(const RecurrenceRest& rest) {
    Slot free = Slot::free;
    if (!slot_.compare_exchange_strong(free, Slot::busy, std::memory_order_acquire)) return false;
    if (!take_one_waiting()) {
      slot_.store(Slot::free, std::memory_order_release);
      return false;
    }
    working_.fetch_add(1, std::memory_order_relaxed);
    rest_ = rest;
    slot_.store(Slot::full, std::memory_order_release);
    return true;
  }
  // The thread has done what it had.
  void end() { working_.fetch_sub(1, std::memory_order_release); }

  // Waits until something is given, which is then the thread's work until end(), or nobody works any more.
  // Spins for `spin_cycles`, then yields.
  std::optional<RecurrenceRest> wait(std::uint64_t spin_cycles) {
    waiting_.fetch_add(1, std::memory_order_relaxed);
    std::optional<RecurrenceRest> taken;
    cpu::spin_then_yield(spin_cycles, [&] {
      if (slot_.load(std::memory_order_relaxed) == Slot::full) {
        Slot full = Slot::full;
        if (slot_.compare_exchange_strong(full, Slot::busy, std::memory_order_acquire)) {
          taken = rest_;
          slot_.store(Slot::free, std::memory_order_release);
          return true;
        }
      }
      return working_.load(std::memory_order_acquire) == 0;
    });
    // A giver has counted the taker off already.
    if (!taken) waiting_.fetch_sub(1, std::memory_order_relaxed);
    return taken;
  }

 private:
  enum class Slot { free, busy, full };

  bool take_one_waiting() {
    int waiting = waiting_.load(std::memory_order_relaxed);
    while (waiting > 0)
      if (waiting_.compare_exchange_weak(waiting, waiting - 1, std::memory_order_relaxed)) return true;
    return false;
  }

  alignas(128) std::atomic<int> waiting_{0};
  alignas(128) std::atomic<int> working_{0};
  std::atomic<Slot> slot_{Slot::free};
  RecurrenceRest rest_{};
};

}  // namespace lstm::engines
