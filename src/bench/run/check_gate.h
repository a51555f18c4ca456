// No case is timed before its check: the gate that the cases of a run pass through.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "run/options.h"
#include "run/problems.h"
#include "store/records.h"

namespace lstmbench {

struct GateResult {
  CheckRecord check;  // mode none where it did not come to a comparison
  Status status = Status::ok;
  std::string message;
  std::string log;
};

// Checks every case against the float64 reference of the native worker, one worker process at a time: on a
// slice of its workload and, where the options ask for it, on all of it. `on_result` is told of each case, by
// its index, as its result comes. Interruption ends the checks: it and the rest are INTERRUPTED. Throws
// StorageError where there is no room for the files of the checks.
void check_cases(const std::vector<Case>& cases, const RunOptions& options,
                 const WorkerCommand& reference_worker, TemporaryDirectory& directory,
                 const std::function<void(const Case&, int done)>& listener,
                 const std::function<void(std::size_t, const GateResult&)>& on_result);

}  // namespace lstmbench
