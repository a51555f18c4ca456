// Two sets of times that were not measured in pairs: the Wilcoxon-Mann-Whitney test and the interval that
// goes with it (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, sections 4.1 and 4.3). Exact
// for up to 50 values beside 50; beyond, the normal approximation with corrections for ties and continuity.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "statistics/paired_ratio.h"

namespace lstmbench {

// Two-sided: how likely at least so uneven an order of both sets is where they come from the same
// distribution. Equal values count half. 1 where a set is empty.
double rank_sum_p(std::span<const double> first, std::span<const double> second);

// The least that rank_sum_p() can be for so many values: where every value of one set is below the other's.
double least_rank_sum_p(std::size_t first, std::size_t second);

// second / first: the median of all quotients of two values (Hodges and Lehmann), and the interval that holds
// the ratio where the sets differ by a factor. All values positive. Without an interval where there are too
// few values.
struct UnpairedRatio {
  double ratio = 0;
  std::optional<Interval> interval;
};
UnpairedRatio unpaired_ratio(std::span<const double> first, std::span<const double> second,
                             double confidence = 0.95);

}  // namespace lstmbench
