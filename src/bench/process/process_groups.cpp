#include "process/process_groups.h"

#include <signal.h>

#include <array>
#include <atomic>

namespace lstmbench {
namespace {

// A signal handler can only reach what is global, and only lock-free atomics are safe there.
std::array<std::atomic<pid_t>, 256> groups{};
static_assert(std::atomic<pid_t>::is_always_lock_free);

bool replace_first(pid_t old_value, pid_t new_value) {
  for (auto& slot : groups) {
    pid_t expected = old_value;
    if (slot.compare_exchange_strong(expected, new_value)) return true;
  }
  return false;
}

}  // namespace

void remember_process_group(pid_t group) {
  replace_first(0, group);
}

void forget_process_group(pid_t group) {
  replace_first(group, 0);
}

void kill_process_groups() {
  for (auto& slot : groups) {
    const pid_t group = slot.load();
    if (group > 0) kill(-group, SIGKILL);
  }
}

}  // namespace lstmbench
