#include "cpu/affinity.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <tuple>

namespace lstm::cpu {
namespace {

struct Pinned {
  int times = 0;
  cpu_set_t before{};
};
thread_local Pinned pinned;

struct Claims {
  int count = 0;     // of living teams' threads
  cpu_set_t from{};  // what the last of them had to choose from
};
std::mutex claims_mutex;
std::array<Claims, CPU_SETSIZE> claims;  // by CPU

}  // namespace

cpu_set_t only(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  return one;
}

cpu_set_t thread_cpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) CPU_ZERO(&cpus);
  return cpus;
}

cpu_set_t unpinned_cpus() {
  if (pinned.times > 0) return pinned.before;
  const cpu_set_t cpus = thread_cpus();
  if (CPU_COUNT(&cpus) != 1) return cpus;
  int cpu = 0;
  while (!CPU_ISSET(cpu, &cpus)) ++cpu;
  const std::lock_guard lock(claims_mutex);
  const Claims& known = claims[static_cast<std::size_t>(cpu)];
  return known.count > 0 ? known.from : cpus;
}

void bind_thread(const cpu_set_t& cpus) {
  if (CPU_COUNT(&cpus) > 0) sched_setaffinity(0, sizeof cpus, &cpus);
}

void lead_thread(int cpu) {
  if (sched_getcpu() == cpu) return;  // no system call
  const cpu_set_t before = thread_cpus();
  if (!CPU_ISSET(cpu, &before)) return;
  bind_thread(only(cpu));
  bind_thread(before);
}

void pin_thread(const cpu_set_t& cpus) {
  if (pinned.times++ == 0) pinned.before = thread_cpus();
  bind_thread(cpus);
}

void unpin_thread() {
  if (pinned.times > 0 && --pinned.times == 0) bind_thread(pinned.before);
}

CpuClaim::CpuClaim(const cpu_set_t& cpus, int count, const Cores& cores) {
  std::vector<int> free;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &cpus)) free.push_back(cpu);
  }
  const std::lock_guard lock(claims_mutex);
  std::map<int, int> of_core;  // claims
  for (const int cpu : free) of_core[cores.of(cpu)] += claims[static_cast<std::size_t>(cpu)].count;
  for (; count > 0 && !free.empty(); --count) {
    const auto best = std::ranges::min_element(free, {}, [&](int cpu) {
      return std::tuple(of_core[cores.of(cpu)], claims[static_cast<std::size_t>(cpu)].count, cpu);
    });
    const int cpu = *best;
    free.erase(best);
    claimed_.push_back(cpu);
    ++of_core[cores.of(cpu)];
    Claims& known = claims[static_cast<std::size_t>(cpu)];
    known = {known.count + 1, cpus};
  }
  std::sort(claimed_.begin(), claimed_.end());  // neighbours share caches
}

CpuClaim::~CpuClaim() {
  const std::lock_guard lock(claims_mutex);
  for (const int cpu : claimed_) --claims[static_cast<std::size_t>(cpu)].count;
}

}  // namespace lstm::cpu
