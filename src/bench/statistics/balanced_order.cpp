#include "statistics/balanced_order.h"

#include <algorithm>

namespace lstmbench {

std::vector<std::size_t> balanced_order(std::size_t count, int round) {
  std::vector<std::size_t> order;
  if (count == 0) return order;
  const std::size_t row = static_cast<std::size_t>(round - 1);
  // The first row goes 0, 1, n-1, 2, n-2, ...: all differences of neighbours are different. Each further row
  // adds 1.
  for (std::size_t place = 0; place < count; ++place) {
    const std::size_t first = place % 2 == 1 ? (place + 1) / 2 : (count - place / 2) % count;
    order.push_back((first + row) % count);
  }
  if (count % 2 == 1 && row / count % 2 == 1) std::reverse(order.begin(), order.end());
  return order;
}

}  // namespace lstmbench
