#include "verdict/judge_run.h"

#include <fmt/format.h>

#include <cmath>

#include "verdict/stored_medians.h"

namespace lstmbench {

std::vector<std::optional<Judgement>> judge_cases(const std::vector<const StoredCase*>& cases,
                                                  const StoredCase& reference, Reference how, double margin) {
  const RoundMedians baseline = round_medians(reference);
  std::vector<std::vector<double>> ratios;
  int compared = 1;
  for (const StoredCase* a_case : cases) {
    ratios.push_back(a_case->id == reference.id ? std::vector<double>()
                                                : paired_ratios(round_medians(*a_case), baseline));
    compared += !ratios.back().empty();
  }
  return judge(ratios, margin, comparisons_of(compared, how));
}

std::vector<ControlJudgement> judge_controls(const StoredRun& stored, double margin) {
  std::vector<const StoredCase*> controls;
  std::vector<std::vector<double>> ratios;
  for (const auto& control : stored.controls)
    for (const auto& twin : stored.cases)
      if (is_same_case(control.record.a_case, twin.record.a_case)) {
        controls.push_back(&control);
        ratios.push_back(paired_ratios(round_medians(control), round_medians(twin)));
      }
  const auto judgements = judge(ratios, margin);
  std::vector<ControlJudgement> result;
  for (std::size_t i = 0; i < controls.size(); ++i)
    if (judgements[i]) result.push_back({controls[i]->record.a_case, *judgements[i]});
  return result;
}

std::vector<std::string> failed_controls(const StoredRun& stored) {
  std::vector<std::string> sentences;
  for (const auto& control : stored.controls)
    if (control.status != Status::ok && control.status != Status::interrupted)
      sentences.push_back(
          fmt::format("{} is measured twice in each round of {}; the second time it ended {}: {}; whether "
                      "the machine is fit "
                      "is not known beyond that",
                      control.record.a_case.implementation, control.record.a_case.workload.name,
                      to_string(control.status), control.message));
  return sentences;
}

std::vector<std::string> unfit_warnings(std::span<const ControlJudgement> controls) {
  std::vector<std::string> warnings;
  for (const auto& [a_case, judgement] : controls)
    if (is_unfit(judgement))
      warnings.push_back(
          fmt::format("UNFIT: {} measured twice in each round differed from itself by {:.1f} % ({:.1f} to "
                      "{:.1f} %) on {}: "
                      "what else runs on this machine decides the results; close it and measure again",
                      a_case.implementation, 100 * std::abs(judgement.relative.ratio - 1),
                      100 * (judgement.relative.interval->low - 1),
                      100 * (judgement.relative.interval->high - 1), a_case.workload.name));
  return warnings;
}

}  // namespace lstmbench
