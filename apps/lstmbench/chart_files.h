// Charts as files, and the page's runtime: both come from the private environment that `./run setup` makes.
#pragma once

#include <string>
#include <vector>

#include "report/model.h"

namespace lstmbench {

// The JavaScript that draws charts. Throws std::runtime_error that says what to do where it is missing.
std::string chart_runtime();

// Throws std::runtime_error where the environment that draws chart files is missing.
void require_chart_tools();
// Writes a file for each chart, "1x320-CE-short-fp32-2t-bars.png", into a folder that is made where it is
// missing. Throws StorageError, or std::runtime_error where the environment is missing or fails.
void write_chart_files(const Report& report, const std::string& folder, const std::string& format);

}  // namespace lstmbench
