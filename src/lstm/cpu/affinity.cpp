#include "cpu/affinity.h"

namespace lstm::cpu {

cpu_set_t thread_cpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) CPU_ZERO(&cpus);
  return cpus;
}

const cpu_set_t& process_cpus() {
  static const cpu_set_t cpus = thread_cpus();
  return cpus;
}

int process_cpu_count() {
  return CPU_COUNT(&process_cpus());
}

cpu_set_t kth_cpu(int k) {
  const cpu_set_t& cpus = process_cpus();
  int cpu = 0;
  while (!CPU_ISSET(cpu, &cpus) || k-- > 0) ++cpu;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  return one;
}

void bind_thread(const cpu_set_t& cpus) {
  if (CPU_COUNT(&cpus) > 0) sched_setaffinity(0, sizeof cpus, &cpus);
}

}  // namespace lstm::cpu
