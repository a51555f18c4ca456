// Rows of a batch in the orders that Batch::order names, for tests.
#pragma once

#include <span>
#include <vector>

#include "lstm/batch.h"

namespace lstm {

// Rows of `size` numbers that lie by sample, in another order.
inline std::vector<float> rows_in_order(RowOrder order, const Batch& by_sample, std::size_t size,
                                        std::span<const float> values) {
  if (order == RowOrder::by_sample) return {values.begin(), values.end()};
  std::vector<float> result;
  for (int t = 0; t < by_sample.time_steps; ++t) {
    for (int n = 0; n < by_sample.samples; ++n) {
      if (order == RowOrder::packed && t >= by_sample.lengths[static_cast<std::size_t>(n)]) continue;
      const auto row = static_cast<std::size_t>(n * by_sample.time_steps + t);
      const std::span<const float> values_of_row = values.subspan(row * size, size);
      result.insert(result.end(), values_of_row.begin(), values_of_row.end());
    }
  }
  return result;
}

}  // namespace lstm
