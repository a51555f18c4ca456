#include "cpu/affinity.h"

#include <gtest/gtest.h>

namespace lstm::cpu {
namespace {

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
