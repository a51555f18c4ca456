// Where a fixed number of threads wait for each other.
//
// Who has spun for long yields, which costs little where nobody else wants the CPU. Where somebody does, even
// a program of the least priority has it for milliseconds then, step after step. So when a yield took long,
// the next waits sleep instead, and the last to arrive wakes the sleepers: they run at once.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>

#include "cpu/spin.h"

namespace lstm::cpu {

class Barrier {
 public:
  // Waits spin for `spin_cycles` of the time-stamp counter, then yield or sleep.
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
    const std::uint64_t all = arrive();
    const auto is_open = [&] { return has_come(all); };
    while (!is_open() && do_some()) {
    }
    if (!spin(spin_cycles_, is_open) && !yield_until(is_open)) sleep_until(all);
  }

 private:
  static constexpr std::uint64_t kLongYield = 300'000;  // cycles of the time-stamp counter: about 0.1 ms
  static constexpr int kSleepingWaits = 500;            // behind a long yield

  // False where it had better sleep.
  template <class Done>
  bool yield_until(const Done& is_open) {
    const int sleeping_waits = sleeping_waits_.load(std::memory_order_relaxed);
    if (sleeping_waits > 0) {
      sleeping_waits_.store(sleeping_waits - 1, std::memory_order_relaxed);
      return false;
    }
    while (!is_open()) {
      const std::uint64_t start = __rdtsc();
      sched_yield();
      if (__rdtsc() - start < kLongYield) continue;
      sleeping_waits_.store(kSleepingWaits, std::memory_order_relaxed);
      return false;
    }
    return true;
  }

  // Returns how many must have arrived in all. The last one wakes who sleeps: arriving and counting oneself
  // among the sleepers are both read-modify-write, so that either it sees the sleeper, or the sleeper sees
  // it.
  std::uint64_t arrive() {
    if (threads_ == 1) return 0;
    const std::uint64_t ticket = arrivals_.fetch_add(1, std::memory_order_seq_cst);
    const std::uint64_t all = (ticket / threads_ + 1) * threads_;
    if (ticket + 1 == all && sleepers_.load(std::memory_order_seq_cst) > 0) {
      syscall(SYS_futex, &arrivals_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
    }
    return all;
  }
  bool has_come(std::uint64_t all) const { return arrivals_.load(std::memory_order_acquire) >= all; }
  void sleep_until(std::uint64_t all) {
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    for (;;) {
      const std::uint64_t seen = arrivals_.load(std::memory_order_seq_cst);
      if (seen >= all) break;
      // On the lower half of arrivals_; comes back at once where that has changed.
      syscall(SYS_futex, &arrivals_, FUTEX_WAIT_PRIVATE, static_cast<std::uint32_t>(seen), nullptr, nullptr,
              0);
    }
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
  }

  // On a cache line of its own (two, for the neighbour-line prefetcher).
  alignas(128) std::atomic<std::uint64_t> arrivals_{0};  // ever
  alignas(128) std::atomic<int> sleepers_{0};
  std::atomic<int> sleeping_waits_{0};
  std::uint64_t threads_;
  std::uint64_t spin_cycles_;
};

}  // namespace lstm::cpu
