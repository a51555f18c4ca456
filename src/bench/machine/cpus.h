// How many processors this process may really use.
#pragma once

#include <optional>

#include "machine/system_files.h"

namespace lstmbench {

// The CPUs of this process's affinity mask.
int affinity_cpus();
// The limit of the process's control group (v2 cpu.max along the whole path, or v1 cfs quota), in CPUs;
// nothing where there is none.
std::optional<double> container_cpus(const SystemFiles& files);
// The affinity's CPUs, fewer where a container allows less; at least 1.
int usable_cpus(const SystemFiles& files);
// What --threads is by default: their cores, where two CPUs share one (SMT), and no more than usable_cpus().
// One thread's multiply-adds keep a core busy.
int usable_cores(const SystemFiles& files);

}  // namespace lstmbench
