// The gradient of a bias: sums over rows.
#pragma once

#include <cstddef>

#include "engines/training/parallel.h"

namespace lstm::engines {

// sums (columns) += the sum over the rows of data (rows, columns). Columns are split over the team, so that
// the order of each sum is always that of the rows.
inline void add_column_sums(cpu::ThreadTeam& team, int rows, int columns, const float* data, float* sums) {
  const std::int64_t smallest_part = kSmallestPointwisePart / rows + 1;
  for_each_part(team, columns, smallest_part, [&](std::int64_t first, std::int64_t last) {
    for (int row = 0; row < rows; ++row) {
      const float* values = data + static_cast<std::size_t>(row) * static_cast<std::size_t>(columns);
      for (std::int64_t j = first; j < last; ++j) sums[j] += values[j];
    }
  });
}

}  // namespace lstm::engines
