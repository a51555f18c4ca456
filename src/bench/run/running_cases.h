// The cases of a run while it goes on: what is planned, what is measured, what is known well enough.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/options.h"
#include "run/round_schedule.h"
#include "run/selection.h"
#include "statistics/paired_ratio.h"
#include "store/results_file.h"

namespace lstmbench {

struct RunningCase {
  PlannedCase planned;
  Role role = Role::contender;
  std::int64_t id = 0;  // in the results file; 0: it has left the run
  ScheduledCase schedule;
  RoundMedians medians;
};

// Stores the plan's cases and the controls that the options ask for.
std::vector<RunningCase> begin_cases(const Plan& plan, const RunOptions& options,
                                     const std::vector<std::string>& case_arguments, std::int64_t run_id,
                                     ResultsFile& results);

// The cases of a run that another process began, with what is stored of their rounds. Controls are added (and
// stored) where the options ask for them now and did not before: a single round has none.
std::vector<RunningCase> stored_cases(const StoredRun& stored, const RunOptions& options,
                                      const std::vector<std::string>& case_arguments, ResultsFile& results);

// Ends the cases whose table (table_of) is known as precisely as the options ask: every ratio to the table's
// reference, after as many rounds as a verdict takes. A case alone has none and ends after 6 rounds.
void end_precise_tables(std::vector<RunningCase>& cases, const RunOptions& options);

}  // namespace lstmbench
