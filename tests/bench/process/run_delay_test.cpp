#include "process/run_delay.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <thread>

namespace lstmbench {
namespace {

// A process that never rests, on the first CPU that this one may use.
pid_t start_hog() {
  const pid_t parent = getpid(), pid = fork();
  if (pid != 0) return pid;
  cpu_set_t all, one;
  sched_getaffinity(0, sizeof all, &all);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &all)) ++cpu;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
  while (getppid() == parent) {
  }
  _exit(0);
}

std::int64_t cpu_ns(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

// Each of four waits three times as long as it runs: what it reads is the time of waiting, not that of
// running.
TEST(RunDelay, GrowsWhileOthersHaveTheCpu) {
  if (!std::filesystem::exists("/proc/self/schedstat")) GTEST_SKIP() << "skipped: needs /proc/PID/schedstat";
  const std::array<pid_t, 4> hogs{start_hog(), start_hog(), start_hog(), start_hog()};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::int64_t waited_ns = 0, ran_ns = 0;
  const auto has_waited = [&] { return waited_ns >= 10'000'000 && waited_ns > ran_ns * 3 / 2; };
  while (!has_waited() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    waited_ns = run_delay_ns(hogs[0]);
    ran_ns = cpu_ns(hogs[0]);
  }
  EXPECT_TRUE(has_waited()) << waited_ns << " ns waited, " << ran_ns << " ns ran";
  EXPECT_GE(run_delay_ns(hogs[0]), waited_ns);
  for (const pid_t hog : hogs) {
    kill(hog, SIGKILL);
    waitpid(hog, nullptr, 0);
  }
  EXPECT_EQ(run_delay_ns(hogs[0]), 0) << "of one that is not there any more";
}

TEST(RunDelay, IsNothingOfAProcessThatIsNotThere) {
  EXPECT_EQ(run_delay_ns(-1), 0);
}

}  // namespace
}  // namespace lstmbench
