#include "cpu/available_memory.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace lstm::cpu {
namespace {

// The number behind `key` in a file of lines "key number ...".
std::optional<std::size_t> read_key(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + " ")) return std::stoull(line.substr(key.size()));
  }
  return std::nullopt;
}

// The number that a file consists of; nothing where it is missing or says "max".
std::optional<std::size_t> read_number(const std::string& path) {
  std::ifstream file(path);
  std::size_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

// The control group of this process below /sys/fs/cgroup, such as "/user.slice/a"; "/" in a container.
std::string control_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

std::optional<std::size_t> left_in_group(const std::string& directory) {
  const auto limit = read_number(directory + "/memory.max");
  const auto used = read_number(directory + "/memory.current");
  if (!limit || !used) return std::nullopt;
  const std::size_t cache = read_key(directory + "/memory.stat", "inactive_file").value_or(0) +
                            read_key(directory + "/memory.stat", "active_file").value_or(0);
  const std::size_t occupied = *used - std::min(*used, cache);
  return *limit - std::min(*limit, occupied);
}

}  // namespace

std::size_t available_memory() {
  std::size_t left = std::numeric_limits<std::size_t>::max();
  if (const auto kibibytes = read_key("/proc/meminfo", "MemAvailable:")) left = *kibibytes * 1024;
  for (std::string group = control_group();;) {
    if (const auto in_group = left_in_group("/sys/fs/cgroup" + group)) left = std::min(left, *in_group);
    const auto slash = group.rfind('/');
    if (group.empty() || slash == std::string::npos) return left;
    group.resize(slash);
  }
}

}  // namespace lstm::cpu
