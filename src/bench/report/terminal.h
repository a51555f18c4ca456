// The report as a table on a terminal.
#pragma once

#include <string>

#include "report/model.h"

namespace lstmbench {

struct TerminalStyle {
  int width = 80;  // columns; at least 60 are used
  bool uses_color = false;
  bool uses_unicode = true;
};

// No line is wider than the style's width but commands to repeat, which are whole so that they can be copied.
std::string render_terminal(const Report& report, const TerminalStyle& style);

}  // namespace lstmbench
