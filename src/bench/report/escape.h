// Text that others wrote, made harmless for where it is shown.
#pragma once

#include <string>
#include <string_view>

namespace lstmbench {

// On a terminal: control characters (C0, DEL, C1) as \xNN, so that no text moves the cursor, sets colours or
// rings; bytes that are not UTF-8 as U+FFFD. Line feeds and tabs become \n and \t, too: a message is one
// line.
std::string escape_terminal(std::string_view text);
// The same, but line feeds stay and tabs become spaces: for a log of several lines.
std::string escape_terminal_lines(std::string_view text);

// In a Markdown paragraph or table cell: on one line, nothing is markup, HTML or a cell's end.
std::string escape_markdown(std::string_view text);

// In HTML, between tags or within a quoted attribute: nothing is markup. Line feeds become "\n" unless they
// are kept.
std::string escape_html(std::string_view text, bool keeps_lines = false);

// A field of a CSV file (RFC 4180): quoted where it needs to be.
std::string escape_csv(std::string_view text);

// A word of a POSIX shell's command: quoted where it needs to be.
std::string escape_shell(std::string_view text);

}  // namespace lstmbench
