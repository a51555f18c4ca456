// How many rounds a run will come to, and how well its ratios will then be known.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/selection.h"

namespace lstmbench {

struct ExpectedPrecision {
  std::string table;                 // table_of(): cases that are compared with one another
  int rounds = 0;                    // of its cheapest two cases; expensive ones may come to fewer
  int rounds_for_verdicts = 0;       // least_rounds_for_verdicts() of its comparisons
  std::optional<double> half_width;  // of the ratios' 95 % intervals, relative; nothing for too few rounds
};

// Plays the rounds with the estimated times of the plan, and with the scatter of ratios that shared machines
// show.
std::vector<ExpectedPrecision> expected_precision(const Plan& plan, const RunOptions& options);

}  // namespace lstmbench
