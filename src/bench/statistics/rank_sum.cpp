#include "statistics/rank_sum.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "statistics/summary.h"

namespace lstmbench {
namespace {

// Enough for an exact distribution, and few enough that it stays quick: the sets' longer tails add nothing.
constexpr std::size_t most_values = 200;

// P(U <= u), u = 0 .. m*n, of the number of pairs in which the second value is the larger one. Recurrence:
// the largest of all values belongs to the second set with probability n / (m + n), and then beats all m of
// the first.
std::vector<double> cumulative_distribution(std::size_t m, std::size_t n) {
  // Of i values of the first set and j of the second, for the current i.
  std::vector<std::vector<double>> row(n + 1, std::vector<double>{1});
  for (std::size_t i = 1; i <= m; ++i) {
    std::vector<std::vector<double>> next(n + 1);
    next[0] = {1};
    for (std::size_t j = 1; j <= n; ++j) {
      next[j].assign(i * j + 1, 0);
      const double share = static_cast<double>(j) / static_cast<double>(i + j);
      for (std::size_t u = 0; u < next[j - 1].size(); ++u) next[j][u + i] += share * next[j - 1][u];
      for (std::size_t u = 0; u < row[j].size(); ++u) next[j][u] += (1 - share) * row[j][u];
    }
    row = std::move(next);
  }
  std::vector<double> cumulative = row[n];
  for (std::size_t u = 1; u < cumulative.size(); ++u) cumulative[u] += cumulative[u - 1];
  return cumulative;
}

std::span<const double> shortened(std::span<const double> values) {
  return values.first(std::min(values.size(), most_values));
}

}  // namespace

double rank_sum_p(std::span<const double> first, std::span<const double> second) {
  if (first.empty() || second.empty()) return 1;
  const auto a = shortened(first), b = shortened(second);
  double larger = 0;
  for (const double x : a)
    for (const double y : b) larger += y > x ? 1 : y == x ? 0.5 : 0;
  const double pairs = static_cast<double>(a.size() * b.size());
  const double extreme = std::min(larger, pairs - larger);  // the distribution is symmetric
  const auto cumulative = cumulative_distribution(a.size(), b.size());
  return std::min(1.0, 2 * cumulative[static_cast<std::size_t>(std::ceil(extreme))]);
}

UnpairedRatio unpaired_ratio(std::span<const double> first, std::span<const double> second,
                             double confidence) {
  const auto a = shortened(first), b = shortened(second);
  std::vector<double> quotients;
  for (const double x : a)
    for (const double y : b) quotients.push_back(y / x);
  std::sort(quotients.begin(), quotients.end());
  UnpairedRatio result{median(quotients), std::nullopt};
  const auto cumulative = cumulative_distribution(a.size(), b.size());
  std::size_t k = 0;  // so many quotients lie outside on each side
  while (k < quotients.size() / 2 && 2 * cumulative[k] <= 1 - confidence) ++k;
  if (k > 0) result.interval = Interval{quotients[k - 1], quotients[quotients.size() - k]};
  return result;
}

}  // namespace lstmbench
