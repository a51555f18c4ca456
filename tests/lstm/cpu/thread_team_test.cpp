#include "cpu/thread_team.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <xmmintrin.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cpu/affinity.h"
#include "parallel_region.h"

namespace lstm::cpu {
namespace {

// Where each thread of a team may run meanwhile.
std::vector<cpu_set_t> masks_in_run(int threads, Pinning pinning) {
  ThreadTeam team(threads, pinning);
  std::vector<cpu_set_t> masks(static_cast<std::size_t>(threads));
  team.run([&](int thread) { masks[static_cast<std::size_t>(thread)] = thread_cpus(); });
  return masks;
}

class ThreadTeamOf : public testing::TestWithParam<int> {};
// 8: more threads than many test machines have CPUs.
INSTANTIATE_TEST_SUITE_P(Threads, ThreadTeamOf, testing::Values(1, 2, 3, 8));

TEST_P(ThreadTeamOf, RunsEachThreadOnceAndReturnsWhenAllAreDone) {
  ThreadTeam team(GetParam());
  EXPECT_EQ(team.threads(), GetParam());
  std::vector<int> calls(static_cast<std::size_t>(GetParam()),
                         0);  // not atomic: run() must order the accesses
  for (int round = 1; round <= 200; ++round) {
    team.run([&](int thread) { ++calls[static_cast<std::size_t>(thread)]; });
    for (const int count : calls) ASSERT_EQ(count, round);
  }
}

TEST_P(ThreadTeamOf, BarrierOrdersWhatThreadsWrite) {
  ThreadTeam team(GetParam());
  const auto size = static_cast<std::size_t>(GetParam());
  std::vector<std::size_t> values(size, 0);
  std::atomic<int> wrong{0};
  // Each step every thread reads what its neighbour wrote in the step before: a barrier that lets anyone
  // through early is seen as a wrong number, or as a race by ThreadSanitizer.
  team.run([&](int thread) {
    const auto self = static_cast<std::size_t>(thread);
    for (std::size_t step = 1; step <= 300; ++step) {
      values[self] = step * size + self;
      team.barrier();
      const std::size_t neighbour = (self + 1) % size;
      if (values[neighbour] != step * size + neighbour) wrong.fetch_add(1);
      team.barrier();
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(ThreadTeamOf, WakesWorkersThatHaveFallenAsleep) {
  ThreadTeam team(GetParam());
  std::atomic<int> calls{0};
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    team.run([&](int) { calls.fetch_add(1); });
  }
  EXPECT_EQ(calls.load(), 5 * GetParam());
}

TEST_P(ThreadTeamOf, FlushesDenormalsEverywhere) {
  ThreadTeam team(GetParam());
  std::vector<float> halves(static_cast<std::size_t>(GetParam()), 1.0f);
  team.run([&](int thread) {
    volatile float smallest = std::numeric_limits<float>::min();
    halves[static_cast<std::size_t>(thread)] = smallest * 0.5f;
  });
  for (const float half : halves) EXPECT_EQ(half, 0.0f);
}

TEST_P(ThreadTeamOf, PinsToDifferentCpusOnlyWhileThereAreEnough) {
  const cpu_set_t before = thread_cpus();
  {
    ThreadTeam team(GetParam());
    std::vector<cpu_set_t> cpus(static_cast<std::size_t>(GetParam()));
    team.run([&](int thread) { cpus[static_cast<std::size_t>(thread)] = thread_cpus(); });
    for (int thread = 0; thread < GetParam(); ++thread) {
      const cpu_set_t& own = cpus[static_cast<std::size_t>(thread)];
      if (GetParam() > CPU_COUNT(&before)) {
        EXPECT_TRUE(CPU_EQUAL(&own, &before)) << "thread " << thread;
        continue;
      }
      EXPECT_EQ(CPU_COUNT(&own), 1) << "thread " << thread;
      for (int other = 0; other < thread; ++other) {
        EXPECT_FALSE(CPU_EQUAL(&own, &cpus[static_cast<std::size_t>(other)])) << thread << ", " << other;
      }
    }
  }
  const cpu_set_t after = thread_cpus();
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(ThreadTeam, LeavesTheCallerWhereItMightRunInWhateverOrderTeamsEnd) {
  const cpu_set_t before = thread_cpus();
  auto first = std::make_unique<ThreadTeam>(1);
  auto second = std::make_unique<ThreadTeam>(1);
  first->run([](int) {});
  second->run([](int) {});
  first.reset();
  second.reset();
  const cpu_set_t after = thread_cpus();
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(ThreadTeam, HasCpusThatNoOtherTeamHasWhileThereAreSome) {
  const cpu_set_t all = thread_cpus();
  if (CPU_COUNT(&all) < 2) GTEST_SKIP() << "skipped: needs two CPUs";
  cpu_set_t of_first, of_second;
  ThreadTeam first(1);
  first.run([&](int) { of_first = thread_cpus(); });
  std::thread([&] {  // inherits the caller's one CPU, as a data loader would
    ThreadTeam second(1);
    second.run([&](int) { of_second = thread_cpus(); });
  })
      .join();
  EXPECT_EQ(CPU_COUNT(&of_first), 1);
  EXPECT_EQ(CPU_COUNT(&of_second), 1);
  EXPECT_FALSE(CPU_EQUAL(&of_first, &of_second));
  std::thread([&] {  // with the first: as many threads as there are CPUs, of which one team has them all
    ThreadTeam third(CPU_COUNT(&all));
    cpu_set_t union_of_third;
    CPU_ZERO(&union_of_third);
    std::mutex mutex;
    third.run([&](int) {
      const cpu_set_t own = thread_cpus();
      const std::lock_guard lock(mutex);
      CPU_OR(&union_of_third, &union_of_third, &own);
    });
    EXPECT_TRUE(CPU_EQUAL(&union_of_third, &all));
  })
      .join();
}

TEST_P(ThreadTeamOf, LeavesTheCallersDenormalsAlone) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before & ~0x8040U);
  {
    ThreadTeam team(GetParam());
    team.run([](int) {});
    EXPECT_EQ(_mm_getcsr() & 0x8040U, 0U);
  }
  _mm_setcsr(before);
}

TEST(ThreadTeam, LeavesThreadsAloneWithoutPinning) {
  const cpu_set_t before = thread_cpus();
  for (const cpu_set_t& set : masks_in_run(2, Pinning::never)) EXPECT_TRUE(CPU_EQUAL(&set, &before));
}

// Programs that run side by side, each with a few threads, would all be bound to the same CPUs.
TEST(ThreadTeam, LeavesThreadsAloneWhereItDoesNotHaveAllCpus) {
  const cpu_set_t before = thread_cpus();
  const int count = CPU_COUNT(&before);
  for (const int threads : {count - 1, count + 1}) {
    if (threads == 0) continue;
    for (const cpu_set_t& set : masks_in_run(threads, Pinning::automatic)) {
      EXPECT_TRUE(CPU_EQUAL(&set, &before)) << threads << " threads";
    }
  }
}

TEST(ThreadTeam, BindsItsWorkersButNotItsCallerWhereItHasAllCpus) {
  const cpu_set_t before = thread_cpus();
  const std::vector<cpu_set_t> masks = masks_in_run(CPU_COUNT(&before), Pinning::automatic);
  EXPECT_TRUE(CPU_EQUAL(&masks.front(), &before));
  for (std::size_t thread = 1; thread < masks.size(); ++thread) {
    EXPECT_EQ(CPU_COUNT(&masks[thread]), 1);
    for (std::size_t other = 1; other < thread; ++other) {
      EXPECT_FALSE(CPU_EQUAL(&masks[thread], &masks[other])) << thread << ", " << other;
    }
  }
}

TEST(ThreadTeam, PinsOnlyTheFirstOfItsCallers) {
  const cpu_set_t all = thread_cpus();
  {
    ThreadTeam team(1, Pinning::always);
    team.run([](int) {});
    const cpu_set_t own = thread_cpus();
    EXPECT_EQ(CPU_COUNT(&own), 1);
    std::thread([&] {
      bind_thread(all);  // what it would have, had a thread started it that is not bound
      team.run([](int) {});
      const cpu_set_t second = thread_cpus();
      EXPECT_TRUE(CPU_EQUAL(&second, &all));
    }).join();
  }
  const cpu_set_t after = thread_cpus();
  EXPECT_TRUE(CPU_EQUAL(&after, &all));
}

// As many threads as there are to be in a run of the region; 1000: all.
void expect_runs_in_a_region(int threads, unsigned most_threads, bool is_in_region) {
  using Region = lstm::PlainRegion;
  Region::most_threads = most_threads;
  ThreadTeam team(threads, Pinning::always, Region::region());
  const cpu_set_t before = thread_cpus();
  std::vector<int> calls(static_cast<std::size_t>(threads), 0), counts = calls;
  std::vector<double> halves(static_cast<std::size_t>(threads), 1);
  for (int round = 1; round <= 5; ++round) {
    Region::runs = 0;
    team.run([&](int thread) {
      const auto self = static_cast<std::size_t>(thread);
      ++calls[self];
      counts[self] = Region::count;
      volatile double smallest = std::numeric_limits<double>::min();
      halves[self] = smallest / 2;
      team.barrier();
    });
    EXPECT_EQ(Region::runs, threads > 1 ? 1 : 0);
    for (const int count : calls) EXPECT_EQ(count, round);
    for (const int count : counts) EXPECT_EQ(count, is_in_region ? threads : 1);
    for (const double half : halves) EXPECT_EQ(half, 0) << "subnormal numbers";
  }
  const cpu_set_t after = thread_cpus();
  EXPECT_TRUE(CPU_EQUAL(&before, &after) || !is_in_region);
  Region::most_threads = 1000;
}

TEST(ThreadTeam, RunsOnTheThreadsOfARegion) {
  for (const int threads : {1, 2, 3, 8}) expect_runs_in_a_region(threads, 1000, true);
}

TEST(ThreadTeam, HasItsOwnThreadsWhereTheRegionHasTooFew) {
  for (const int threads : {2, 3, 8}) {
    for (const unsigned most : {1U, 2U}) {
      if (most < static_cast<unsigned>(threads)) expect_runs_in_a_region(threads, most, false);
    }
  }
}

TEST(ThreadTeam, RejectsNoThreads) {
  EXPECT_THROW(ThreadTeam(0), std::invalid_argument);
  EXPECT_THROW(ThreadTeam(-3), std::invalid_argument);
}

// Processor time of the whole process: idle workers that kept spinning would use a second of it a second.
TEST(ThreadTeam, IdleWorkersSleep) {
  const auto cpu_seconds = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  };
  ThreadTeam team(4);
  team.run([](int) {});
  const double start = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(cpu_seconds() - start, 0.1);
}

}  // namespace
}  // namespace lstm::cpu
