// A new run, from its flags to its last round.
#pragma once

#include <functional>

#include "outputs.h"
#include "run_flags.h"
#include "store/results_file.h"

namespace lstmbench {

// What a plan is made with where the peak could not be measured.
inline constexpr double assumed_peak_gflops = 200;

// Of a plan without a case.
inline constexpr const char* nothing_to_run =
    "no implementation that can be run has this dtype and device (see `lstmbench list`)";

struct Measured {
  ResultsFile results;
  std::int64_t run_id = 0;
  std::string path;  // of the results
};

// `change` has the last word on the options. Progress goes to standard error. Throws std::invalid_argument,
// StorageError.
Measured measure(RunFlags& flags, const OutputFlags& outputs, CLI::App& command,
                 const std::function<void(RunOptions&)>& change);

}  // namespace lstmbench
