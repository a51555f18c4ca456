// The control groups whose limits this process is under, of either version.
#pragma once

#include <string>
#include <vector>

#include "machine/system_files.h"

namespace lstmbench {

// Their folders for a controller ("cpu", "memory"): the process's own, then each above it up to the root of
// the hierarchy. A container often sees no more than the root, which is its own group.
std::vector<std::string> control_groups(const SystemFiles& files, const std::string& controller);

}  // namespace lstmbench
