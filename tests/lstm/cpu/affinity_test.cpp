#include "cpu/affinity.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

#include "temporary_directory.h"

namespace lstm::cpu {
namespace {

namespace fs = std::filesystem;

cpu_set_t these(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(cpu, &set);
  return set;
}
std::vector<int> claimed(const CpuClaim& claim, int count) {
  std::vector<int> cpus;
  for (int k = 0; k < count; ++k) cpus.push_back(claim.cpu(k));
  return cpus;
}

// CPUs 1000 to 1007, which no test runs on: two of a core lie next to each other.
class ClaimsOnSharedCores : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int cpu = 1000; cpu < 1008; ++cpu) {
      const fs::path topology = folder_ / ("cpu" + std::to_string(cpu)) / "topology";
      fs::create_directories(topology);
      const int first = cpu / 2 * 2;
      std::ofstream(topology / "thread_siblings_list") << first << '-' << first + 1 << '\n';
    }
  }

  lstmbench::TemporaryDirectory directory_;
  fs::path folder_ = directory_.path();
  cpu_set_t cpus_ = these({1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007});
};

TEST_F(ClaimsOnSharedCores, TakeEachCoreBeforeASecondCpuOfOne) {
  const Cores cores(cpus_, folder_);
  std::set<int> numbers;
  for (int cpu = 1000; cpu < 1008; ++cpu) numbers.insert(cores.of(cpu));
  EXPECT_EQ(numbers.size(), 4u);
  EXPECT_EQ(cores.of(1003), cores.of(1002));
  EXPECT_NE(cores.of(1003), cores.of(1004));
  EXPECT_EQ(claimed(CpuClaim(cpus_, 4, cores), 4), (std::vector{1000, 1002, 1004, 1006}));
  EXPECT_EQ(claimed(CpuClaim(cpus_, 6, cores), 6), (std::vector{1000, 1001, 1002, 1003, 1004, 1006}));
  EXPECT_EQ(claimed(CpuClaim(cpus_, 8, cores), 8).back(), 1007);
}

TEST_F(ClaimsOnSharedCores, OfTeamsAtOnceTakeOtherCores) {
  const Cores cores(cpus_, folder_);
  const CpuClaim first(cpus_, 2, cores), second(cpus_, 2, cores), third(cpus_, 4, cores);
  EXPECT_EQ(claimed(first, 2), (std::vector{1000, 1002}));
  EXPECT_EQ(claimed(second, 2), (std::vector{1004, 1006}));
  EXPECT_EQ(claimed(third, 4), (std::vector{1001, 1003, 1005, 1007}));
}

TEST_F(ClaimsOnSharedCores, WithoutTopologyTakeCpusInTurn) {
  const Cores cores(cpus_, folder_ / "none");
  std::set<int> numbers;
  for (int cpu = 1000; cpu < 1008; ++cpu) numbers.insert(cores.of(cpu));
  EXPECT_EQ(numbers.size(), 8u);
  EXPECT_EQ(claimed(CpuClaim(cpus_, 3, cores), 3), (std::vector{1000, 1001, 1002}));
}

TEST(LeadThread, MovesAThreadThatMayRunAnywhereThen) {
  const cpu_set_t before = thread_cpus();
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &before)) continue;
    bool has_come = false;  // the system may move it on at any time
    for (int attempt = 0; attempt < 100 && !has_come; ++attempt) {
      lead_thread(cpu);
      has_come = sched_getcpu() == cpu;
    }
    EXPECT_TRUE(has_come) << "CPU " << cpu;
    const cpu_set_t after = thread_cpus();
    EXPECT_TRUE(CPU_EQUAL(&after, &before));
  }
}

TEST(LeadThread, LeavesAThreadWhereItIsHeld) {
  const cpu_set_t before = thread_cpus();
  if (CPU_COUNT(&before) < 2) GTEST_SKIP() << "skipped: needs two CPUs";
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  int second = first + 1;
  while (!CPU_ISSET(second, &before)) ++second;
  bind_thread(only(first));
  lead_thread(second);
  EXPECT_EQ(sched_getcpu(), first);
  bind_thread(before);
}

}  // namespace
}  // namespace lstm::cpu
