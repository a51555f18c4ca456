// The report as a table on a terminal.
#pragma once

#include <string>
#include <string_view>

#include "report/model.h"

namespace lstmbench {

struct TerminalStyle {
  int width = 80;  // columns; at least 60 are used
  bool uses_color = false;
  bool uses_unicode = true;
};

// A text in a colour ("31") or in bold ("1"), by the code of its SGR escape sequence, where the style has
// colours.
std::string painted(const TerminalStyle& style, std::string_view code, std::string_view text);

// No line is wider than the style's width but commands to repeat, which are whole so that they can be copied.
std::string render_terminal(const Report& report, const TerminalStyle& style);

}  // namespace lstmbench
