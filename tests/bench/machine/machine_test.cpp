#include "machine/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>

#include "machine/cpus.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;
using ::testing::Pair;

// A made-up machine below a temporary folder.
class FakeMachine : public ::testing::Test {
 protected:
  void SetUp() override {
    write("/proc/cpuinfo",
          "processor\t: 0\nmodel name\t: Example CPU 9000\nflags\t\t: fpu avx2 fma avx512f amx_bf16 "
          "hypervisor\n\n"
          "processor\t: 1\nmodel name\t: Example CPU 9000\n");
    write("/proc/meminfo", "MemTotal:       25165824 kB\nMemAvailable:   20971520 kB\n");
    write("/proc/loadavg", "0.05 0.10 0.20 1/100 4242\n");
    write("/proc/stat", "cpu  100 0 100 700 0 0 0 100 5 0\ncpu0 1 2 3\n");
    write("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  }

  void write(const std::string& path, const std::string& text) {
    const fs::path file = root_ / fs::path(path).relative_path();
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  SystemFiles files() const { return SystemFiles(root_); }

  TemporaryDirectory directory_;
  fs::path root_ = directory_.path();
};

TEST_F(FakeMachine, FactsNameTheCpuAndWhatItCanDo) {
  const auto facts = read_machine(files());
  EXPECT_THAT(facts, Contains(Pair("CPU", "Example CPU 9000")));
  EXPECT_THAT(facts, Contains(Pair("instruction sets", "AVX2, FMA, AVX-512, AMX-BF16")));
  EXPECT_THAT(facts, Contains(Pair("memory", "24.0 GiB")));
  EXPECT_THAT(facts, Contains(Pair("transparent huge pages", "madvise")));
  EXPECT_THAT(facts, Contains(Pair("hypervisor", "yes")));
  EXPECT_THAT(facts, Contains(Pair("container CPU limit", "none")));
}

TEST_F(FakeMachine, ThrottlingIsCounted) {
  EXPECT_EQ(read_load(files()).throttle_events, 0);
  write("/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "3\n");
  write("/sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count", "4\n");
  write("/sys/fs/cgroup/cpu.stat", "usage_usec 12\nnr_periods 99\nnr_throttled 5\nthrottled_usec 7\n");
  EXPECT_EQ(read_load(files()).throttle_events, 12);
}

// A service or a batch job has a group of its own below the root, and is stopped there.
TEST_F(FakeMachine, ThrottlingAndMemoryOfTheOwnGroupCount) {
  write("/proc/self/cgroup", "0::/box/inner\n");
  write("/sys/fs/cgroup/cpu.stat", "usage_usec 12\n");
  write("/sys/fs/cgroup/box/cpu.stat", "nr_throttled 20\n");
  write("/sys/fs/cgroup/box/inner/cpu.stat", "nr_throttled 3\n");
  write("/sys/fs/cgroup/other/cpu.stat", "nr_throttled 100\n");
  EXPECT_EQ(read_load(files()).throttle_events, 23);
  EXPECT_THAT(read_machine(files()), Contains(Pair("container memory limit", "none")));
  write("/sys/fs/cgroup/box/memory.max", "2147483648\n");
  write("/sys/fs/cgroup/box/inner/memory.max", "max\n");
  EXPECT_THAT(read_machine(files()), Contains(Pair("container memory limit", "2.0 GiB")));
}

TEST_F(FakeMachine, TheFirstVersionOfControlGroupsThrottlesToo) {
  write("/proc/self/cgroup", "5:memory:/other\n4:cpu,cpuacct:/job\n0::/\n");
  write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.stat", "nr_throttled 7\n");
  fs::create_directory_symlink("cpu,cpuacct", root_ / "sys/fs/cgroup/cpu");  // the same, not twice as many
  write("/sys/fs/cgroup/memory/other/memory.limit_in_bytes", "1073741824\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(read_load(files()).throttle_events, 7);
  EXPECT_THAT(read_machine(files()), Contains(Pair("container memory limit", "1.0 GiB")));
}

TEST_F(FakeMachine, ABatteryIsAFactAndAWarning) {
  EXPECT_THAT(read_machine(files()), Contains(Pair("power", "mains, or not visible")));
  write("/sys/class/power_supply/BAT0/status", "Charging\n");
  EXPECT_THAT(fitness_warnings(files()), Not(Contains(HasSubstr("battery"))));
  write("/sys/class/power_supply/BAT0/status", "Discharging\n");
  EXPECT_THAT(read_machine(files()), Contains(Pair("power", "battery")));
  EXPECT_THAT(fitness_warnings(files()), Contains(HasSubstr("battery")));
}

TEST(DifferingFacts, NamesWhatDiffersAndWhatDecides) {
  const MachineFacts first{{"CPU", "A"}, {"kernel", "1"}, {"load average", "1"}, {"SMT", "on"}};
  const MachineFacts second{
      {"CPU", "B"}, {"kernel", "2"}, {"load average", "9"}, {"SMT", "on"}, {"NUMA nodes", "0"}};
  const auto differences = differing_facts(first, second);
  ASSERT_EQ(differences.size(), 3u);
  EXPECT_EQ(differences[0].name, "CPU");
  EXPECT_TRUE(differences[0].is_decisive);
  EXPECT_EQ(differences[1].second, "2");
  EXPECT_FALSE(differences[1].is_decisive);
  EXPECT_EQ(differences[2].first, "");
  EXPECT_TRUE(differing_facts(first, first).empty());
}

TEST_F(FakeMachine, MissingFilesAreUnknownNotFatal) {
  fs::remove_all(root_ / "proc");
  EXPECT_THAT(read_machine(files()), Contains(Pair("CPU", "unknown")));
  EXPECT_EQ(usable_cpus(files()), affinity_cpus());
}

TEST_F(FakeMachine, AContainersQuotaLimitsTheThreads) {
  write("/proc/self/cgroup", "0::/box/inner\n");
  write("/sys/fs/cgroup/box/inner/cpu.max", "max 100000\n");
  EXPECT_FALSE(container_cpus(files()));
  write("/sys/fs/cgroup/box/cpu.max", "150000 100000\n");
  ASSERT_TRUE(container_cpus(files()));
  EXPECT_DOUBLE_EQ(*container_cpus(files()), 1.5);
  write("/sys/fs/cgroup/cpu.max", "400000 100000\n");
  EXPECT_DOUBLE_EQ(*container_cpus(files()), 1.5);  // the tightest on the way to the root
  EXPECT_EQ(usable_cpus(files()), 1);
}

TEST_F(FakeMachine, ThreadsAreAsManyAsCores) {
  cpu_set_t affinity;
  CPU_ZERO(&affinity);
  ASSERT_EQ(sched_getaffinity(0, sizeof affinity, &affinity), 0);
  EXPECT_EQ(usable_cores(files()), affinity_cpus());  // nothing is said of siblings
  int first = -1, last = -1;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &affinity)) {
      if (first < 0) first = cpu;
      last = cpu;
    }
  if (first == last) GTEST_SKIP() << "skipped: needs two CPUs";
  const int cpus = affinity_cpus();
  EXPECT_FALSE(crowding_warning(files(), cpus));
  for (const int cpu : {first, last})
    write("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list",
          std::to_string(first) + "," + std::to_string(last) + "\n");
  EXPECT_EQ(usable_cpus(files()), cpus);
  EXPECT_EQ(usable_cores(files()), cpus - 1);
  EXPECT_THAT(read_machine(files()), Contains(Pair("usable cores", std::to_string(cpus - 1))));
  EXPECT_FALSE(crowding_warning(files(), cpus - 1));
  EXPECT_THAT(crowding_warning(files(), cpus), Optional(HasSubstr("two share one")));
  EXPECT_THAT(crowding_warning(files(), cpus + 1), Optional(HasSubstr("wait for each other")));
}

TEST_F(FakeMachine, TheFirstVersionOfControlGroupsCountsToo) {
  write("/proc/self/cgroup", "5:memory:/other\n4:cpu,cpuacct:/job\n");
  write("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000\n");
  write("/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  ASSERT_TRUE(container_cpus(files()));
  EXPECT_DOUBLE_EQ(*container_cpus(files()), 0.5);
  EXPECT_EQ(usable_cpus(files()), 1);  // never none
}

TEST_F(FakeMachine, StealIsAShareOfTheTimeBetweenTwoReadings) {
  const auto before = read_load(files());
  EXPECT_EQ(before.total_ticks, 1000);
  write("/proc/stat", "cpu  150 0 100 720 0 0 0 130 5 0\n");
  const auto share = steal_percent(before, read_load(files()));
  ASSERT_TRUE(share);
  EXPECT_DOUBLE_EQ(*share, 30.0);
  EXPECT_FALSE(steal_percent(before, before));
}

TEST_F(FakeMachine, AQuietMachineGivesNoLoadWarning) {
  for (const auto& warning : fitness_warnings(files())) EXPECT_THAT(warning, Not(HasSubstr("load")));
}

TEST_F(FakeMachine, UnfitMachinesAreNamed) {
  write("/proc/loadavg", "64.00 1 1 1/1 1\n");
  write("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  write("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
  write("/proc/meminfo", "MemTotal: 4194304 kB\nMemAvailable: 2097152 kB\n");
  const auto warnings = fitness_warnings(files());
  EXPECT_THAT(warnings, Contains(HasSubstr("load average 64.00")));
  EXPECT_THAT(warnings, Contains(HasSubstr("'powersave'")));
  EXPECT_THAT(warnings, Contains(HasSubstr("huge pages are off")));
  EXPECT_THAT(warnings, Contains(HasSubstr("2.0 GiB of memory")));
}

TEST(FormatBytes, ReadsWell) {
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(200LL << 20), "200 MiB");
}

}  // namespace
}  // namespace lstmbench
