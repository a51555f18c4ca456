#include "process/process_identity.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

namespace lstmbench {
namespace {

// Field 22 of /proc/PID/stat, in ticks since boot; the second field, the program's name, may hold anything.
std::string start_of(long pid, const SystemFiles& files) {
  const auto text = files.text(fmt::format("/proc/{}/stat", pid));
  const auto name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return "";
  std::istringstream fields(text->substr(name_end + 1));
  std::string field, state;
  fields >> state;
  constexpr int fields_between = 19;
  for (int i = 0; i < fields_between; ++i) fields >> field;
  return state == "Z" || state == "X" ? "" : field;  // dead, and not yet buried
}

std::string identity_of(long pid, const std::string& start, const SystemFiles& files) {
  return fmt::format("pid {} started {} boot {} host {}", pid, start,
                     files.text("/proc/sys/kernel/random/boot_id").value_or("unknown"),
                     files.text("/proc/sys/kernel/hostname").value_or("unknown"));
}

// The host is for people, to find the process by; its name may change, and was not always stored.
std::string without_host(const std::string& identity) {
  return identity.substr(0, identity.find(" host "));
}

}  // namespace

std::string own_process_identity(const SystemFiles& files) {
  return identity_of(getpid(), start_of(getpid(), files), files);
}

bool is_running(const std::string& identity, const SystemFiles& files) {
  std::istringstream words(identity);
  std::string word;
  long pid = 0;
  if (!(words >> word >> pid)) return false;
  const std::string start = start_of(pid, files);
  return !start.empty() && without_host(identity_of(pid, start, files)) == without_host(identity);
}

}  // namespace lstmbench
