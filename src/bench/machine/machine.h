// What a result must say about the machine that it was measured on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "machine/system_files.h"

namespace lstmbench {

// Name and value for people, in the order in which they are shown: "CPU", "cores", "instruction sets", ...
using MachineFacts = std::vector<std::pair<std::string, std::string>>;
MachineFacts read_machine(const SystemFiles& files);

// A fact that differs; empty where one side does not have it.
struct FactDifference {
  std::string name, first, second;
  bool is_decisive = false;  // it is another machine: times cannot be the same
};
// In the order of `first`, then what only `second` has. What changes all the time (load) is not among them.
std::vector<FactDifference> differing_facts(const MachineFacts& first, const MachineFacts& second);

// What else the machine was busy with; two readings give the share in between.
struct LoadReading {
  double load_average = 0;       // of the last minute
  std::int64_t total_ticks = 0;  // since boot, all CPUs
  std::int64_t steal_ticks = 0;  // of which a hypervisor gave to others
  // Times that the CPUs were slowed by heat or power, and that the container was stopped at its CPU limit.
  std::int64_t throttle_events = 0;
};
LoadReading read_load(const SystemFiles& files);
// Percent of the time between two readings that was stolen; nothing where no time passed.
std::optional<double> steal_percent(const LoadReading& before, const LoadReading& after);

// What makes measurements on this machine less trustworthy, each as one sentence that says what to do. Empty
// for a fit machine.
std::vector<std::string> fitness_warnings(const SystemFiles& files);
// That so many threads share cores or CPUs; nothing where they do not.
std::optional<std::string> crowding_warning(const SystemFiles& files, int threads);

// Bytes as people read them: "23.4 GiB".
std::string format_bytes(std::int64_t bytes);

}  // namespace lstmbench
