// One case in one round: a fresh process, prepare, warm-up, timed steps.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "run/options.h"
#include "store/records.h"

namespace lstmbench {

// Told before each request: "starting", "step 3 (warm-up)", "step 7".
using StepListener = std::function<void(const std::string& detail)>;

// Whatever the worker does becomes a status with a message and the end of its log; case_id and position are
// left to the caller. Steps that were finished before a failure are kept.
CaseRound measure_case(const Case& a_case, const std::filesystem::path& problem, const RunOptions& options,
                       const StepListener& listener);

// What such a round will take where a step takes so long: start, warm-up and timed steps.
double estimated_round_s(const Case& a_case, double step_s, const RunOptions& options);

}  // namespace lstmbench
