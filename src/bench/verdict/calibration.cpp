#include "verdict/calibration.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "statistics/summary.h"
#include "statistics/verdict.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

// Welch's t-test, two-sided, as benchmarks usually do it: as if steps were independent.
double welch_p(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < 2 || b.size() < 2) return 1;
  const auto variance_of_mean = [](const std::vector<double>& values) {
    const double deviation = standard_deviation(values);
    return deviation * deviation / static_cast<double>(values.size());
  };
  const double va = variance_of_mean(a), vb = variance_of_mean(b);
  if (va + vb <= 0) return mean(a) == mean(b) ? 1 : 0;
  const double t = (mean(a) - mean(b)) / std::sqrt(va + vb);
  const double freedom =
      (va + vb) * (va + vb) /
      (va * va / static_cast<double>(a.size() - 1) + vb * vb / static_cast<double>(b.size() - 1));
  return 2 * cdf(complement(boost::math::students_t_distribution<>(freedom), std::abs(t)));
}

std::vector<double> whole_steps(const std::vector<const CaseRound*>& rounds, std::size_t begin,
                                std::size_t count) {
  std::vector<double> steps;
  for (std::size_t i = begin; i < begin + count; ++i)
    for (const auto& sample : rounds[i]->samples)
      if (!sample.is_warmup) steps.push_back(static_cast<double>(sample.times.total_ns()));
  return steps;
}

// Of comparisons that take so many rounds each.
ErrorDistribution distribution(const std::vector<double>& errors, int alarms, std::size_t rounds) {
  const std::size_t measured = errors.size() + rounds - 1;
  return {median(errors),
          quantile(errors, 0.95),
          *std::max_element(errors.begin(), errors.end()),
          static_cast<double>(alarms) / static_cast<double>(errors.size()),
          static_cast<int>(errors.size()),
          static_cast<int>(measured / rounds)};
}

// Rounds in which both were measured well, in order.
struct Twins {
  std::vector<double> ratios;
  std::vector<const CaseRound*> first, second;
};

Twins twins_of(const StoredCase& a_case, const StoredCase& control) {
  Twins twins;
  for (const auto& [number, round] : a_case.rounds) {
    const auto other = control.rounds.find(number);
    if (other == control.rounds.end()) continue;
    const auto a = round_median(round), b = round_median(other->second);
    if (!a || !b || *a <= 0) continue;
    twins.ratios.push_back(*b / *a);
    twins.first.push_back(&round);
    twins.second.push_back(&other->second);
  }
  return twins;
}

Calibration windows_of(const Twins& twins, std::size_t rounds) {
  Calibration result;
  result.rounds = static_cast<int>(rounds);
  std::vector<double> own_errors, original_errors;
  int own_alarms = 0, original_alarms = 0;
  for (std::size_t begin = 0; begin + rounds <= twins.ratios.size(); ++begin) {
    const auto first = twins.ratios.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<double> ratios(first, first + static_cast<std::ptrdiff_t>(rounds));
    const auto judgement = judge(std::vector<std::vector<double>>{ratios})[0];
    own_errors.push_back(std::abs(judgement->relative.ratio - 1));
    own_alarms += is_unfit(*judgement);
    if (begin + 2 * rounds > twins.ratios.size()) continue;
    const auto block = whole_steps(twins.first, begin, rounds),
               next = whole_steps(twins.second, begin + rounds, rounds);
    original_errors.push_back(std::abs(mean(next) / mean(block) - 1));
    original_alarms += welch_p(block, next) < significance;
  }
  result.own = distribution(own_errors, own_alarms, rounds);
  result.original = distribution(original_errors, original_alarms, 2 * rounds);
  result.whole = *judge(std::vector<std::vector<double>>{twins.ratios})[0];
  return result;
}

}  // namespace

std::vector<Calibration> calibrate(const StoredRun& stored) {
  std::vector<Calibration> calibrations;
  const StoredRun whole = whole_rounds(stored).run;
  for (const auto& control : whole.controls)
    for (const auto& a_case : whole.cases) {
      if (!is_same_case(a_case.record.a_case, control.record.a_case)) continue;
      const Twins twins = twins_of(a_case, control);
      for (std::size_t rounds = 6; 2 * rounds <= twins.ratios.size(); rounds *= 2) {
        calibrations.push_back(windows_of(twins, rounds));
        calibrations.back().a_case = a_case.record.a_case;
      }
    }
  return calibrations;
}

}  // namespace lstmbench
