// The verdicts on a stored run: each case against its table's reference, and the null controls.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "statistics/verdict.h"
#include "store/records.h"

namespace lstmbench {

// One for each of `cases` against `reference`, all of one table, `how` of them chosen; nothing for the
// reference itself and where no round has both.
std::vector<std::optional<Judgement>> judge_cases(const std::vector<const StoredCase*>& cases,
                                                  const StoredCase& reference, Reference how,
                                                  double margin = default_margin);

struct ControlJudgement {
  Case a_case;
  Judgement judgement;
};
// Each null control against its twin, corrected for their number.
std::vector<ControlJudgement> judge_controls(const StoredRun& stored, double margin = default_margin);

// What to say of controls that did not end OK: the same program that stands in the table failed, too.
std::vector<std::string> failed_controls(const StoredRun& stored);

// What to say first of a run whose controls found a difference between a case and itself: one sentence each.
std::vector<std::string> unfit_warnings(std::span<const ControlJudgement> controls);

}  // namespace lstmbench
