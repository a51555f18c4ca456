// Which of the stored runs a command is about.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "store/records.h"

namespace lstmbench {

struct StoredRunFlags {
  std::string results = "results/lstmbench.db";
  std::optional<int> run;
  std::string baseline;
};
// --results, --run, --baseline.
void add_stored_run_flags(CLI::App& command, StoredRunFlags& flags);

// Throws StorageError; std::invalid_argument for a baseline that the run does not have.
StoredRun load_stored_run(const StoredRunFlags& flags);

}  // namespace lstmbench
