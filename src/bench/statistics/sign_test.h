// The sign test (Conover, Practical Nonparametric Statistics, section 3.4) and Holm's correction.
#pragma once

#include <span>
#include <vector>

namespace lstmbench {

// Two-sided: how likely at least so uneven a split of `values` below and above `expected` is where that is
// their median. Values that equal it are left out; 1 where none are left.
double sign_test_p(std::span<const double> values, double expected);

// Holm (1979): p-values of tests that are made together, adjusted so that all that stay at or below a level
// are wrong with at most that probability, in whatever way they depend on one another. In the order given.
// made_together: how many tests there are where `p_values` are not all of them; the others count as 1.
std::vector<double> holm_adjusted(std::span<const double> p_values, std::size_t made_together = 0);

}  // namespace lstmbench
