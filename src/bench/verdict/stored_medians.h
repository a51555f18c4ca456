// What statistics take from a stored run.
#pragma once

#include <string>

#include "statistics/paired_ratio.h"
#include "store/records.h"

namespace lstmbench {

// Median headline (forward + loss + backward, ns) of a round's timed steps; nothing where it has none or did
// not end well.
std::optional<double> round_median(const CaseRound& round);
RoundMedians round_medians(const StoredCase& stored);

// Cases are compared where these are the same: workload, dtype, device, threads.
std::string table_of(const Case& a_case);
bool is_same_table(const Case& a, const Case& b);
bool is_same_case(const Case& a, const Case& b);

// Takes out the measurements of rounds that are not complete, so that a half round is not shown as if it were
// whole; only where no round is complete, they stay. Either way `incomplete` is one of them (a run has at
// most one).
struct WholeRounds {
  StoredRun run;
  std::optional<int> incomplete;
  bool is_left_out = false;
};
WholeRounds whole_rounds(StoredRun stored);

}  // namespace lstmbench
