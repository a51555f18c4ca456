#include "cpu/barrier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace lstm::cpu {
namespace {

// In each round every thread writes its own number, and behind the barrier reads everybody's.
void run_rounds(int threads, int rounds, std::uint64_t spin_cycles, bool has_work) {
  Barrier barrier(threads, spin_cycles);
  std::vector<int> written(static_cast<std::size_t>(threads), 0);
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> team;
  for (int i = 0; i < threads; ++i) {
    team.emplace_back([&, i] {
      int pieces = 0;
      const auto wait = [&] {
        if (has_work) {
          barrier.arrive_and_wait([&] { return ++pieces % 8 != 0; });
        } else {
          barrier.arrive_and_wait();
        }
      };
      for (int round = 1; round <= rounds; ++round) {
        written[static_cast<std::size_t>(i)] = round;
        wait();
        for (const int number : written) wrong += number != round;
        wait();
      }
    });
  }
  team.clear();
  EXPECT_EQ(wrong, 0) << threads << " threads, " << spin_cycles << " cycles";
}

TEST(Barrier, LetsNobodyThroughBeforeAllHaveCome) {
  for (const int threads : {1, 2, 3, 5}) {
    for (const std::uint64_t spin_cycles : {0, 1000, 30'000}) {
      for (const bool has_work : {false, true}) run_rounds(threads, 300, spin_cycles, has_work);
    }
  }
}

// Threads that yield lose their CPUs to these for milliseconds, and sleep from then on.
TEST(Barrier, WakesSleepersWhereOthersWantTheCpus) {
  std::atomic<bool> is_over = false;
  std::vector<std::jthread> hogs;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
    hogs.emplace_back([&] {
      while (!is_over.load(std::memory_order_relaxed)) {
      }
    });
  }
  for (const int threads : {2, 4}) run_rounds(threads, 200, 1000, false);
  is_over = true;
}

}  // namespace
}  // namespace lstm::cpu
