// Who is fastest on a workload, and by how much: what a report says first.
#pragma once

#include <optional>
#include <string>

#include "report/model.h"

namespace lstmbench {

struct Winner {
  const ReportRow* row = nullptr;
  const ReportRow* rival = nullptr;  // the fastest row of another library, else the next one; may be missing
  std::optional<PairedRatio> advantage;  // rival's time over the winner's
  // Of the winner against the rival, corrected for all comparisons of the table; nothing where it has no
  // rival or where whole steps are shown: those have a single round.
  std::optional<Verdict> verdict;
};
// Nothing where no row has times.
std::optional<Winner> winner_of(const Report& report, const ReportTable& table);

// "1.21× as fast as onednn/lstm 3.2.0 (1.18–1.24)", or that no difference is certain, or that there is
// nothing to compare with. Not escaped.
std::string explain(const Winner& winner);
// How the table's rows stand to its reference: "against native/sequence: 5 SLOWER, 1 INCONCLUSIVE"; empty
// where nothing was judged. Not escaped.
std::string count_verdicts(const ReportTable& table);

// Why the numbers deserve caution, each as a sentence: few rounds, a busy machine, an unfinished run.
std::vector<std::string> cautions(const Report& report);

}  // namespace lstmbench
