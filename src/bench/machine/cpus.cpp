#include "machine/cpus.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <string>

#include "machine/control_groups.h"

namespace lstmbench {
namespace {

std::optional<double> limit_of_group(const SystemFiles& files, const std::string& group) {
  if (const auto text = files.text(group + "/cpu.max")) {
    std::istringstream fields(*text);
    double quota = 0, period = 0;
    if (fields >> quota >> period && period > 0) return quota / period;  // "max 100000" has no quota
    return std::nullopt;
  }
  const auto quota = files.integer(group + "/cpu.cfs_quota_us");
  const auto period = files.integer(group + "/cpu.cfs_period_us");
  if (quota && period && *quota > 0 && *period > 0)
    return static_cast<double>(*quota) / static_cast<double>(*period);
  return std::nullopt;
}

}  // namespace

int affinity_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

std::optional<double> container_cpus(const SystemFiles& files) {
  std::optional<double> tightest;
  for (const auto& group : control_groups(files, "cpu")) {
    const auto limit = limit_of_group(files, group);
    if (limit && (!tightest || *limit < *tightest)) tightest = limit;
  }
  return tightest;
}

int usable_cpus(const SystemFiles& files) {
  int cpus = affinity_cpus();
  if (const auto limit = container_cpus(files)) cpus = std::min(cpus, static_cast<int>(std::floor(*limit)));
  return std::max(1, cpus);
}

int usable_cores(const SystemFiles& files) {
  cpu_set_t affinity;
  CPU_ZERO(&affinity);
  if (sched_getaffinity(0, sizeof affinity, &affinity) != 0) return 1;
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &affinity))
      cores.insert(files.text(fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu))
                       .value_or(std::to_string(cpu)));
  return std::min(usable_cpus(files), std::max(1, static_cast<int>(cores.size())));
}

}  // namespace lstmbench
