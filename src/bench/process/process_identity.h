// Which process wrote something, so that a later one can tell whether it still runs.
#pragma once

#include <string>

#include "machine/system_files.h"

namespace lstmbench {

// "pid 12 started 345 boot abc host name": a number that the system gives again does not deceive.
std::string own_process_identity(const SystemFiles& files);
// Whether that process runs now, as far as this one can see; false for "" and after a restart of the machine.
bool is_running(const std::string& identity, const SystemFiles& files);

}  // namespace lstmbench
