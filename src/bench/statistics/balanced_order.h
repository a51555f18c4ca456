// In which order a round measures its cases.
#pragma once

#include <cstddef>
#include <vector>

namespace lstmbench {

// Row `round` (from 1) of a Latin square balanced for carry-over (Williams, 1949): over `count` rounds (twice
// as many where the count is odd) each case stands at each place, and follows each other one, equally often.
// So neither the place nor what ran before it favours a case.
std::vector<std::size_t> balanced_order(std::size_t count, int round);

}  // namespace lstmbench
