// A whole run: checks, then interleaved rounds of fresh processes, every measurement stored as it is made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/options.h"
#include "run/peak_meter.h"
#include "run/problems.h"
#include "run/progress.h"
#include "run/selection.h"
#include "store/results_file.h"

namespace lstmbench {

struct RunSetting {
  RunOptions options;
  WorkerCommand native;                     // computes the reference, measures the peak
  std::vector<std::string> case_arguments;  // of a repeat command, after the case's own
  RunRecord record;                         // what to store of the run itself
  SystemFiles files;
};

// A reader of the results must not end a run of hours: it waits for minutes, and says so.
Patience patience_of_a_run(Progress& progress);

// Measures the plan's cases; gives the run's id. Throws StorageError where the results or the problems cannot
// be written; what was committed until then stays.
std::int64_t execute_run(const Plan& plan, const Discovery& discovery, const RunSetting& setting,
                         ResultsFile& results, PeakMeter& peak, Progress& progress);

// Goes on with a run that ended early, or that new options ask more of: cases without a check are checked,
// the round that was not finished is, and further ones follow. What was measured before counts against the
// budget. Throws std::invalid_argument where what is measured has changed since (another version of a
// library, another machine), or another process measures the run.
void resume_run(const StoredRun& stored, const RunSetting& setting, ResultsFile& results, PeakMeter& peak,
                Progress& progress);

}  // namespace lstmbench
