// What the values of flags may be. A value of a configuration file passes the same checks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace lstmbench {

// "expected cpu or cuda, got 'gpu'". `aliases` are taken, too, and not mentioned.
CLI::Validator one_of(const std::vector<std::string>& words, const std::vector<std::string>& aliases = {});
CLI::Validator is_duration();  // parse_duration()
CLI::Validator is_percent();   // parse_percent()

// "2%" or "2" as 0.02. Throws std::invalid_argument.
double parse_percent(const std::string& text);

}  // namespace lstmbench
