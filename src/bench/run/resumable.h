// Whether a run can be gone on with: is what it measured still there, and the same?
#pragma once

#include <string>
#include <vector>

#include "machine/system_files.h"
#include "store/records.h"

namespace lstmbench {

// Throws std::invalid_argument: another process measures the run, as far as is known the one of its last
// sitting.
[[noreturn]] void refuse_measured(const StoredRun& stored);

// Throws std::invalid_argument where a process of this machine still measures the run.
void require_not_running(const StoredRun& stored, const SystemFiles& files);

// Throws std::invalid_argument, one line that says what to do, where a process still measures the run, where
// another program wrote it, where the machine is another one, or where a library has another version or build
// now. Smaller changes of the machine are returned, a half sentence each. Starts the workers of the cases
// that are not over.
std::vector<std::string> changes_since(const StoredRun& stored, const SystemFiles& files);

}  // namespace lstmbench
