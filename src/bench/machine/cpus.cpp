#include "machine/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <string>

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

// "0::/user.slice/x" (v2) or "4:cpu,cpuacct:/x" (v1): the group's path below its hierarchy.
std::string own_group(const SystemFiles& files) {
  std::istringstream lines(files.text("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers == ",," || controllers.find(",cpu,") != std::string::npos) return line.substr(second + 1);
  }
  return "/";
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
  const std::filesystem::path own = own_group(files);
  for (const std::string hierarchy : {"/sys/fs/cgroup", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}) {
    for (std::filesystem::path group = own;; group = group.parent_path()) {
      const auto limit = limit_of_group(files, hierarchy + (group == "/" ? "" : group.string()));
      if (limit && (!tightest || *limit < *tightest)) tightest = limit;
      if (group == "/" || group.empty()) break;
    }
  }
  return tightest;
}

int usable_cpus(const SystemFiles& files) {
  int cpus = affinity_cpus();
  if (const auto limit = container_cpus(files)) cpus = std::min(cpus, static_cast<int>(std::floor(*limit)));
  return std::max(1, cpus);
}

}  // namespace lstmbench
