// What a run says, and keeps, of a machine that is not fit to measure on.
#pragma once

#include <string>
#include <vector>

#include "machine/machine.h"
#include "run/options.h"
#include "run/progress.h"

namespace lstmbench {

// Says the warnings of fitness_warnings() and gives them as notes of the run: "when the run began: load ...".
// They are to be read before anything is started, whose load they would name.
std::vector<std::string> fitness_notes(const std::vector<std::string>& warnings, const std::string& when,
                                       Progress& progress);

// With those warnings that of a run on a CPU whose threads share cores.
void add_crowding(std::vector<std::string>& warnings, const RunOptions& options, const SystemFiles& files);

}  // namespace lstmbench
