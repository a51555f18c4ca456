#include "statistics/verdict.h"

#include <algorithm>
#include <cmath>

#include "statistics/sign_test.h"
#include "statistics/summary.h"

namespace lstmbench {

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster:
      return "FASTER";
    case Verdict::slower:
      return "SLOWER";
    case Verdict::equivalent:
      return "EQUIVALENT";
    case Verdict::inconclusive:
      break;
  }
  return "INCONCLUSIVE";
}

int comparisons_of(int cases, Reference reference) {
  if (cases < 2) return 0;
  return reference == Reference::named ? cases - 1 : cases * (cases - 1) / 2;
}

int least_rounds_for_verdicts(int comparisons) {
  int rounds = 1;
  while (std::max(1, comparisons) * std::ldexp(2.0, -rounds) > significance) ++rounds;
  return rounds;
}

std::vector<std::optional<Judgement>> judge(std::span<const std::vector<double>> comparisons, double margin,
                                            int made_together) {
  std::vector<double> p_values;
  for (const auto& ratios : comparisons)
    if (!ratios.empty()) p_values.push_back(sign_test_p(ratios, 1));
  const auto tests = std::max(p_values.size(), static_cast<std::size_t>(std::max(1, made_together)));
  const auto adjusted = holm_adjusted(p_values, tests);
  const double joint_confidence = 1 - significance / static_cast<double>(tests);

  std::vector<std::optional<Judgement>> judgements;
  std::size_t next = 0;
  for (const auto& ratios : comparisons) {
    auto& judgement = judgements.emplace_back();
    if (ratios.empty()) continue;
    judgement = Judgement{{median(ratios), median_interval(ratios), static_cast<int>(ratios.size())},
                          adjusted[next++],
                          Verdict::inconclusive};
    const auto joint = median_interval(ratios, joint_confidence);
    if (joint && joint->low >= 1 - margin && joint->high <= 1 + margin)
      judgement->verdict = Verdict::equivalent;
    else if (judgement->adjusted_p <= significance)
      judgement->verdict = judgement->relative.ratio < 1 ? Verdict::faster : Verdict::slower;
  }
  return judgements;
}

bool is_unfit(const Judgement& control) {
  return control.verdict == Verdict::faster || control.verdict == Verdict::slower;
}

}  // namespace lstmbench
