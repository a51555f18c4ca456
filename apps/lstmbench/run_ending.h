// What `run`, `resume` and `calibrate` have in common: where results live, and how a run ends.
#pragma once

#include <string>

#include "outputs.h"
#include "store/results_file.h"

namespace lstmbench {

constexpr const char* default_results = "results/lstmbench.db";

// Shows the run as the flags ask, says where it is, and gives the exit code. Throws StorageError.
int report_run(ResultsFile& results, std::int64_t run_id, const OutputFlags& outputs,
               const std::string& path);

}  // namespace lstmbench
