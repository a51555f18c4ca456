// A comparison of two runs for people.
#pragma once

#include <string>

#include "report/terminal.h"
#include "verdict/compare_runs.h"

namespace lstmbench {

// uses_anchor: what is compared are ratios, not times.
std::string comparison_for_terminal(const RunComparison& comparison, bool uses_anchor,
                                    const TerminalStyle& style);
// GitHub-flavoured.
std::string comparison_as_markdown(const RunComparison& comparison, bool uses_anchor);

}  // namespace lstmbench
