// The flags of `run` and `plan`, as they were typed, and what they mean.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "command.h"
#include "run/options.h"

namespace lstmbench {

// The text of each; empty where it was not given. flags > environment > file > defaults.
struct RunFlags {
  WorkerFlags workers;
  std::vector<std::string> workloads, implementations, dtypes;
  std::string device;
  std::vector<int> threads;
  std::optional<int> rounds, steps, warmup;
  bool is_ephemeral = false;  // versions that are not installed are, and are removed at the end
  std::string precision;
  std::string budget, time_limit, check, protocol, baseline, results;
};

void add_run_flags(CLI::App& command, RunFlags& flags);
// The same for `check`: --workload, --implementation, --dtype, --device, --threads.
void add_selection_flags(CLI::App& command, RunFlags& flags);

// Gives the options that were neither typed nor in the environment the values of the file's [run] table.
// Throws std::invalid_argument "FILE:LINE:COLUMN: what is wrong".
void apply_defaults(CLI::App& command, const Configuration& configuration);

// What the flags say, which were checked as they were read, and the file's [[select]] tables.
RunOptions make_options(const RunFlags& flags, const Configuration& configuration);

// The flags that a repeat command needs besides the case itself.
std::vector<std::string> repeat_arguments(const RunFlags& flags);

}  // namespace lstmbench
