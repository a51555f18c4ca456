// How `run` and `resume` end.
#pragma once

#include <string>

#include "outputs.h"
#include "store/results_file.h"

namespace lstmbench {

// Shows the run as the flags ask, says where it is, and gives the exit code. Throws StorageError.
int report_run(ResultsFile& results, std::int64_t run_id, const OutputFlags& outputs,
               const std::string& path);

}  // namespace lstmbench
