#include "statistics/sign_test.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <numeric>

namespace lstmbench {

double sign_test_p(std::span<const double> values, double expected) {
  int below = 0, above = 0;
  for (const double value : values) {
    below += value < expected;
    above += value > expected;
  }
  if (below + above == 0) return 1;
  const boost::math::binomial_distribution<> signs(below + above, 0.5);
  return std::min(1.0, 2 * cdf(signs, std::min(below, above)));
}

std::vector<double> holm_adjusted(std::span<const double> p_values, std::size_t made_together) {
  const std::size_t n = p_values.size(), tests = std::max(n, made_together);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(n);
  double largest = 0;
  for (std::size_t rank = 0; rank < n; ++rank) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(tests - rank) * p_values[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace lstmbench
