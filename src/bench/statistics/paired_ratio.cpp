#include "statistics/paired_ratio.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <vector>

#include "statistics/summary.h"

namespace lstmbench {

// The k-th smallest and k-th largest of n values enclose the median with probability
// 1 - 2 P(Binomial(n, 1/2) <= k - 1) (Conover, Practical Nonparametric Statistics, section 3.2): the largest
// such k.
std::optional<Interval> median_interval(std::span<const double> values, double confidence) {
  if (values.empty()) return std::nullopt;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  const boost::math::binomial_distribution<> signs(static_cast<double>(n), 0.5);
  std::size_t k = 0;
  for (std::size_t end = n / 2; k < end;) {
    const std::size_t middle = (k + end) / 2;
    if (1 - 2 * cdf(signs, static_cast<double>(middle)) >= confidence)
      k = middle + 1;
    else
      end = middle;
  }
  if (k == 0) return std::nullopt;
  return Interval{sorted[k - 1], sorted[n - k]};
}

std::vector<double> paired_ratios(const RoundMedians& a_case, const RoundMedians& baseline) {
  std::vector<double> ratios;
  for (const auto& [round, time] : a_case) {
    const auto pair = baseline.find(round);
    if (pair != baseline.end() && pair->second > 0) ratios.push_back(time / pair->second);
  }
  return ratios;
}

std::optional<PairedRatio> paired_ratio(const RoundMedians& a_case, const RoundMedians& baseline,
                                        double confidence) {
  const auto ratios = paired_ratios(a_case, baseline);
  if (ratios.empty()) return std::nullopt;
  return PairedRatio{median(ratios), median_interval(ratios, confidence), static_cast<int>(ratios.size())};
}

}  // namespace lstmbench
