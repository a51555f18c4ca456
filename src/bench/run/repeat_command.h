// The command that measures one case again.
#pragma once

#include <string>
#include <vector>

#include "case/case.h"

namespace lstmbench {

// "lstmbench run --workload ... --implementation ... --dtype ... --threads ..." and then what the whole run
// was given
// (--config, --time-limit, ...), ready for a shell.
std::string repeat_command(const Case& a_case, const std::vector<std::string>& run_arguments);

}  // namespace lstmbench
