#include "machine/control_groups.h"

#include <filesystem>
#include <sstream>

namespace lstmbench {
namespace {

void add_up_to_root(const std::string& hierarchy, const std::filesystem::path& own,
                    std::vector<std::string>& folders) {
  for (std::filesystem::path group = own; group.has_relative_path(); group = group.parent_path())
    folders.push_back(hierarchy + group.string());
  folders.push_back(hierarchy);
}

}  // namespace

std::vector<std::string> control_groups(const SystemFiles& files, const std::string& controller) {
  // "0::/user.slice/x" (v2) or "4:cpu,cpuacct:/x" (v1): the group's path below its hierarchy.
  std::string second_version = "/", first_version = "/", controllers = controller;
  std::istringstream lines(files.text("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = line.substr(first + 1, second - first - 1);
    if (names.empty()) second_version = line.substr(second + 1);
    if (("," + names + ",").find("," + controller + ",") == std::string::npos) continue;
    first_version = line.substr(second + 1);
    controllers = names;
  }
  std::vector<std::string> folders;
  add_up_to_root("/sys/fs/cgroup", second_version, folders);
  // Where there are both names, the shorter one is a link.
  const std::string together = "/sys/fs/cgroup/" + controllers;
  add_up_to_root(files.is_directory(together) ? together : "/sys/fs/cgroup/" + controller, first_version,
                 folders);
  return folders;
}

}  // namespace lstmbench
