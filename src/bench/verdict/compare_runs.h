// Two runs side by side: what differs around them, and which cases became faster or slower.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "statistics/rank_sum.h"
#include "statistics/verdict.h"
#include "store/records.h"

namespace lstmbench {

struct ComparedCase {
  Case a_case;  // of the second run where it has it
  std::string first_version, second_version;
  bool is_in_both = true;
  Status first_status = Status::ok, second_status = Status::ok;
  std::optional<double> first_ns,
      second_ns;  // median over rounds of the headline, or of its ratio to the anchor
  int first_rounds = 0, second_rounds = 0;
  std::optional<UnpairedRatio> ratio;  // second over first: above 1 it became slower
  std::optional<double> adjusted_p;
  std::optional<Verdict> verdict;  // nothing where one of the runs has no times of it
  bool has_few_rounds = false;     // too few for any verdict but INCONCLUSIVE or EQUIVALENT
  std::string note;                // why there is none, or why it is INCONCLUSIVE
  bool became_worse = false;       // it ended OK in the first run and does not in the second
  bool is_missing = false;         // the same, but the second run, which was to measure it, does not have it
  bool is_undecided = false;  // both were to measure it, and one was interrupted before or ran out of time
};

struct RunComparison {
  std::vector<FactDifference> environment;  // machine, libraries, program, options
  std::vector<std::string> warnings;        // what makes the verdicts less trustworthy; UNFIT among them
  bool is_unfit = false;
  std::vector<ComparedCase> cases;  // of the first run's order, then what only the second has
};

// anchor: an implementation of both runs; times are then compared as ratios to its own within each round, so
// that a machine that was slower in one run does not count. Empty: as they are. Throws std::invalid_argument
// where a run does not have the anchor at all; where a table does not, its cases have a note and no verdict.
RunComparison compare_runs(const StoredRun& first, const StoredRun& second, const std::string& anchor,
                           double margin);

}  // namespace lstmbench
