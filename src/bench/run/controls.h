// Null controls: which cases run once more in each round, to show what the machine does to two measurements
// of the same.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "run/options.h"
#include "run/selection.h"
#include "statistics/verdict.h"

namespace lstmbench {

// Of `table` (indices of cases, not empty) the one that the others are compared with: the baseline (of
// several versions of it the fastest) or, where the table has none, the fastest. time_of: of the case with
// that index.
std::size_t reference_of(const std::vector<PlannedCase>& cases, const std::vector<std::size_t>& table,
                         const std::string& baseline, const std::function<double(std::size_t)>& time_of);

// Named where the table has one version of the baseline.
Reference how_chosen(const std::vector<PlannedCase>& cases, const std::vector<std::size_t>& table,
                     const std::string& baseline);

// The cases, of those that can run, that the options give a control.
std::vector<std::size_t> controlled_cases(const std::vector<PlannedCase>& cases, const RunOptions& options);

}  // namespace lstmbench
