// The options of a run as text, so that another process can go on with it.
#pragma once

#include <string>

#include "run/options.h"

namespace lstmbench {

// JSON of all options, and the arguments that repeat commands end with.
std::string settings_text(const RunOptions& options, const std::vector<std::string>& case_arguments);

struct Settings {
  RunOptions options;
  std::vector<std::string> case_arguments;
};
// Throws std::invalid_argument where the text is not of this program.
Settings read_settings(const std::string& text);

}  // namespace lstmbench
