// Where a fixed number of threads wait for each other.
#pragma once

#include <atomic>
#include <cstdint>

#include "cpu/spin.h"

namespace lstm::cpu {

class Barrier {
 public:
  // Waits spin for `spin_cycles` of the time-stamp counter, then yield.
  Barrier(int threads, std::uint64_t spin_cycles)
      : threads_(static_cast<std::uint64_t>(threads)), spin_cycles_(spin_cycles) {}

  // Returns when all threads have arrived; what they wrote before is visible after it.
  void arrive_and_wait() {
    arrive_and_wait([] { return false; });
  }

  // The same; until the others have come it calls do_some() for some other work, as long as that returns
  // true.
  template <class DoSome>
  void arrive_and_wait(const DoSome& do_some) {
    if (threads_ == 1) return;
    const std::uint64_t ticket = arrivals_.fetch_add(1, std::memory_order_acq_rel);
    const std::uint64_t all = (ticket / threads_ + 1) * threads_;
    const auto is_open = [&] { return arrivals_.load(std::memory_order_acquire) >= all; };
    while (!is_open() && do_some()) {
    }
    spin_then_yield(spin_cycles_, is_open);
  }

 private:
  // On a cache line of its own (two, for the neighbour-line prefetcher).
  alignas(128) std::atomic<std::uint64_t> arrivals_{0};  // ever
  alignas(128) std::uint64_t threads_;
  std::uint64_t spin_cycles_;
};

}  // namespace lstm::cpu
