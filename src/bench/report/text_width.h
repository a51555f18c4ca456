// How many columns a text takes on a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lstmbench {

// Columns of valid UTF-8 without control characters: combining marks take none, East Asian wide characters
// and emoji two.
int text_width(std::string_view text);
// Cut to at most so many columns, the last of them "…" or "~" where something is missing.
std::string shortened(std::string_view text, int columns, bool uses_unicode);
std::string pad_left(std::string_view text, int columns);   // spaces in front
std::string pad_right(std::string_view text, int columns);  // spaces behind
// Lines of at most so many columns, broken at spaces; a longer word stands on a line of its own, uncut.
std::vector<std::string> wrapped(std::string_view text, int columns);

}  // namespace lstmbench
