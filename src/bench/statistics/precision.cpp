#include "statistics/precision.h"

#include <boost/math/distributions/normal.hpp>
#include <vector>

#include "statistics/summary.h"

namespace lstmbench {
namespace {

constexpr double stopping_confidence = 0.98;
constexpr int rounds_between_looks = 4;

// The values at which the order statistics of a standard normal sample are expected: the interval of these is
// the interval to expect.
std::vector<double> normal_scores(int rounds) {
  std::vector<double> scores;
  for (int i = 1; i <= rounds; ++i)
    scores.push_back(quantile(boost::math::normal_distribution<>(), (i - 0.375) / (rounds + 0.25)));
  return scores;
}

}  // namespace

bool is_precise(std::span<const double> ratios, double precision) {
  if (ratios.empty() || ratios.size() % rounds_between_looks != 0) return false;
  const auto interval = median_interval(ratios, stopping_confidence);
  return interval && (interval->high - interval->low) / 2 <= precision * median(ratios);
}

int rounds_until_precise(double precision, double deviation, int least_rounds, int most_rounds) {
  for (int rounds = rounds_between_looks; rounds < most_rounds; rounds += rounds_between_looks) {
    if (rounds < least_rounds) continue;
    std::vector<double> ratios;
    for (const double score : normal_scores(rounds)) ratios.push_back(1 + deviation * score);
    if (is_precise(ratios, precision)) return rounds;
  }
  return most_rounds;
}

std::optional<double> expected_half_width(int rounds, double deviation) {
  const auto interval = median_interval(normal_scores(rounds));
  if (!interval) return std::nullopt;
  return deviation * (interval->high - interval->low) / 2;
}

}  // namespace lstmbench
