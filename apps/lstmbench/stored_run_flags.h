// Which of the stored runs a command is about.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "results_flags.h"
#include "store/results_file.h"

namespace lstmbench {

struct StoredRunFlags {
  ResultsFlags results;
  std::optional<int> run;
  std::string baseline;
};
// --results, --config, --run, --baseline.
void add_stored_run_flags(CLI::App& command, StoredRunFlags& flags);

// Throws StorageError; std::invalid_argument for a baseline that the run does not have.
StoredRun load_stored_run(const StoredRunFlags& flags);

// The run of that number, or the latest. Throws StorageError, which names the runs that there are.
StoredRun load_run(ResultsFile& results, const std::string& path, std::optional<std::int64_t> number);

}  // namespace lstmbench
