// How narrow an interval is, and how narrow it can be expected to become.
#pragma once

#include <optional>
#include <span>

#include "statistics/paired_ratio.h"

namespace lstmbench {

// Whether rounds can end: after every fourth one that half the width of the 98 % interval is `precision` at
// most. Ending where the 95 % interval happens to be narrow would, at every round, favour samples that look
// more certain than they are, and raise false alarms above 5 % (coverage_test.cpp).
bool is_precise(std::span<const double> ratios, double precision);
// The same for ratios that scatter by `deviation`: after how many rounds, at least `least_rounds`.
int rounds_until_precise(double precision, double deviation, int least_rounds, int most_rounds);

// The half width to expect after so many rounds where the ratio of one round scatters by `deviation` (a
// normal distribution's; Blom's approximation of its order statistics). Nothing for too few rounds.
std::optional<double> expected_half_width(int rounds, double deviation);

// How much the ratio of two cases within a round scatters on a shared machine; docs/reliability.md has the
// command that measures it.
constexpr double typical_ratio_deviation = 0.03;

}  // namespace lstmbench
