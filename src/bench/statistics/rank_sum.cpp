#include "statistics/rank_sum.h"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

namespace lstmbench {
namespace {

// Up to 50 values beside 50 the distribution is exact, at a cost that grows with the square of this number;
// the normal approximation takes over where it is within a few percent (rank_sum_test.cpp).
constexpr std::size_t most_exact_pairs = 50 * 50;

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> result(values.begin(), values.end());
  std::sort(result.begin(), result.end());
  return result;
}

// P(U <= u), u = 0 .. m*n, of the number of pairs in which the second value is the larger one. Recurrence:
// the largest of all values belongs to the second set with probability n / (m + n), and then beats all m of
// the first.
std::vector<double> exact_distribution(std::size_t m, std::size_t n) {
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

struct Moments {
  double mean, deviation;
};

// Of U. `ties`: the sum of t^3 - t over the groups of t equal values, which lessens the variance (Hollander,
// Wolfe and Chicken, section 4.1, equation 4.14).
Moments moments(double m, double n, double ties) {
  const double all = m + n;
  return {m * n / 2, std::sqrt(m * n / 12 * (all + 1 - ties / (all * (all - 1))))};
}

// Pairs in which the second value is the larger one, equal ones as a half; and the ties among all values.
struct Order {
  double larger = 0, ties = 0;
};

Order order_of(const std::vector<double>& a, const std::vector<double>& b) {
  Order order;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const double value = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    const std::size_t below = i;
    while (i < a.size() && a[i] == value) ++i;
    const std::size_t first = j;
    while (j < b.size() && b[j] == value) ++j;
    const auto own = static_cast<double>(i - below), other = static_cast<double>(j - first);
    order.larger += other * (static_cast<double>(below) + own / 2);
    const double equal = own + other;
    order.ties += equal * equal * equal - equal;
  }
  return order;
}

// How many of the quotients b / a, all positive, lie outside of the interval on each side.
std::size_t quotients_outside(std::size_t m, std::size_t n, double confidence) {
  const std::size_t half = m * n / 2;
  if (m * n <= most_exact_pairs) {
    const auto cumulative = exact_distribution(m, n);
    std::size_t k = 0;
    while (k < half && 2 * cumulative[k] <= 1 - confidence) ++k;
    return k;
  }
  const auto [mean, deviation] = moments(static_cast<double>(m), static_cast<double>(n), 0);
  const double z = quantile(boost::math::normal(), (1 + confidence) / 2);
  const double last = std::floor(mean - z * deviation - 0.5);  // the largest U that is unlikely enough
  return last < 0 ? 0 : std::min(half, static_cast<std::size_t>(last) + 1);
}

std::size_t quotients_up_to(double limit, const std::vector<double>& a, const std::vector<double>& b) {
  std::size_t count = 0, too_small = 0;  // values of a; as b rises, more of them are
  for (const double y : b) {
    while (too_small < a.size() && y / a[too_small] > limit) ++too_small;
    if (too_small == a.size()) break;
    count += a.size() - too_small;
  }
  return count;
}

// The quotient b / a with so many smaller ones before it. Positive doubles are in the order of their bits,
// and each step halves what is left of these: no list of all quotients, of which there may be billions.
double quotient_at(std::size_t rank, const std::vector<double>& a, const std::vector<double>& b) {
  auto low = std::bit_cast<std::uint64_t>(b.front() / a.back());
  auto high = std::bit_cast<std::uint64_t>(b.back() / a.front());
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (quotients_up_to(std::bit_cast<double>(middle), a, b) > rank)
      high = middle;
    else
      low = middle + 1;
  }
  return std::bit_cast<double>(low);
}

}  // namespace

double rank_sum_p(std::span<const double> first, std::span<const double> second) {
  if (first.empty() || second.empty()) return 1;
  const std::size_t m = first.size(), n = second.size(), pairs = m * n;
  const Order order = order_of(sorted(first), sorted(second));
  const double extreme =
      std::min(order.larger, static_cast<double>(pairs) - order.larger);  // the distribution is symmetric
  if (pairs <= most_exact_pairs)
    return std::min(1.0, 2 * exact_distribution(m, n)[static_cast<std::size_t>(std::ceil(extreme))]);
  const auto [mean, deviation] = moments(static_cast<double>(m), static_cast<double>(n), order.ties);
  if (!(deviation > 0)) return 1;  // all values are equal
  const double z = std::max(0.0, mean - extreme - 0.5) / deviation;
  return 2 * cdf(complement(boost::math::normal(), z));
}

double least_rank_sum_p(std::size_t first, std::size_t second) {
  double p = 2;  // over the number of ways to choose which of all values are the first set's
  for (std::size_t i = 1; i <= first; ++i) p *= static_cast<double>(i) / static_cast<double>(second + i);
  return std::min(1.0, p);
}

UnpairedRatio unpaired_ratio(std::span<const double> first, std::span<const double> second,
                             double confidence) {
  const auto a = sorted(first), b = sorted(second);
  const std::size_t pairs = a.size() * b.size();
  UnpairedRatio result{(quotient_at((pairs - 1) / 2, a, b) + quotient_at(pairs / 2, a, b)) / 2, std::nullopt};
  if (const std::size_t k = quotients_outside(a.size(), b.size(), confidence); k > 0)
    result.interval = Interval{quotient_at(k - 1, a, b), quotient_at(pairs - k, a, b)};
  return result;
}

}  // namespace lstmbench
