// Commands and flags that do not exist: one line, with the nearest one that does.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace lstmbench {

// Makes the parser keep what it does not know, so that require_no_extras can say it better.
void accept_extras(CLI::App& app);
// Throws std::invalid_argument naming the first unknown word and the nearest known one, or the missing
// command.
void require_no_extras(const CLI::App& app);
// What the parser found wrong, in plain words: "--rounds: 'x' is no number".
std::string in_plain_words(const CLI::ParseError& error);
// The same as one line that says where to read more.
std::string in_one_line(const CLI::ParseError& error, const CLI::App& app);

}  // namespace lstmbench
