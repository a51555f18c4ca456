// Which CPUs share a core (SMT).
#pragma once

#include <sched.h>

#include <array>
#include <string>

namespace lstm::cpu {

class Cores {
 public:
  // Of these CPUs, as thread_siblings_list says below the folder; one of which it says nothing is a core by
  // itself.
  explicit Cores(const cpu_set_t& cpus, const std::string& folder = "/sys/devices/system/cpu");

  // A number that the CPUs of one core have in common.
  int of(int cpu) const { return core_[static_cast<std::size_t>(cpu)]; }

 private:
  std::array<int, CPU_SETSIZE> core_{};
};

}  // namespace lstm::cpu
