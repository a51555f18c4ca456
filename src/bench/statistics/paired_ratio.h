// How two cases compare: the ratio within each round, so that what slows the whole machine cancels.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace lstmbench {

struct Interval {
  double low = 0;
  double high = 0;
};

// The interval of the median by the sign test: it makes no assumption about the distribution and holds for
// any number of values. Nothing where there are too few of them for the confidence asked (95 % needs 6).
std::optional<Interval> median_interval(std::span<const double> values, double confidence = 0.95);

struct PairedRatio {
  double ratio = 0;  // median over the rounds of case / baseline; above 1 the case is slower
  std::optional<Interval> interval;
  int rounds = 0;  // those in which both were measured
};

// From round to median time of a case's steps in it; nothing where no round has both.
using RoundMedians = std::map<int, double>;
// One for each round that has both, in their order.
std::vector<double> paired_ratios(const RoundMedians& a_case, const RoundMedians& baseline);
std::optional<PairedRatio> paired_ratio(const RoundMedians& a_case, const RoundMedians& baseline,
                                        double confidence = 0.95);

}  // namespace lstmbench
