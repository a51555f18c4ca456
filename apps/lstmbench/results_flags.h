// Which results file a command is about: --results or LSTMBENCH_RESULTS, else `results` in the [run] table of
// the user's file, else results/lstmbench.db.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace lstmbench {

struct ResultsFlags {
  std::string results;  // empty: not given
  std::string config;   // of --config
};
// --results, --config: for commands that take nothing else from the file.
void add_results_flags(CLI::App& command, ResultsFlags& flags);

// Throws std::invalid_argument for a configuration file that is wrong, or was named and is missing. It is not
// looked at where the results are named.
std::string results_path(const ResultsFlags& flags);

}  // namespace lstmbench
