#include "engines/sequence/split.h"

#include <algorithm>
#include <limits>

namespace lstm::engines {
namespace {

int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

// What the rule was fitted to (docs/engine-design.md has the rule).
constexpr double kL2Rows = 1;  // bringing R from the second-level cache costs as much as so many more rows
constexpr double kL3Rows = 3;  // likewise from the third

// Vector multiply-adds of one time step of forward and backward of one task, with what keeps it from the
// peak.
double task_cost(const Network& network, int rows, int blocks, const SplitCosts& costs) {
  const double row_vectors = static_cast<double>(blocks) * 4 * network.units * 2;
  const double weights_bytes = static_cast<double>(blocks) * costs.block * 4 * network.units * sizeof(float);
  // A tile lower than three quarters of the register tile waits for loads of R instead of for multiply-adds.
  const int tiles = divide_up(rows, costs.tile_rows);
  const double tile_rows = std::max(0.75 * costs.tile_rows, static_cast<double>(rows) / tiles);
  return (tiles * tile_rows + (stays_in_l2(weights_bytes, costs.l2_bytes) ? kL2Rows : kL3Rows)) * row_vectors;
}

bool keeps_to(const RecurrenceSplit& split, Split wanted) {
  switch (wanted) {
    case Split::directions:
      return split.sample_groups == 1 && split.unit_parts == 1;
    case Split::units:
      return split.directions_at_once == 1 && split.sample_groups == 1;
    case Split::samples:
      return split.directions_at_once == 1 && split.unit_parts == 1;
    case Split::automatic:
      return true;
  }
  return true;
}

}  // namespace

std::string RecurrenceSplit::description() const {
  const auto part = [](int count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
  };
  return part(directions_at_once, "direction") + " x " + part(sample_groups, "sample group") + " x " +
         part(unit_parts, "unit part");
}

RecurrenceSplit choose_split(const Network& network, const BatchShape& shape, int threads, Split wanted,
                             const SplitCosts& costs) {
  return cheapest_split(network, shape, threads, wanted, divide_up(network.units, costs.block),
                        [&](int rows, int blocks, int unit_parts) {
                          const double task = task_cost(network, rows, blocks, costs);
                          return unit_parts == 1 ? task
                                                 : (task + 2 * costs.barrier_steps) * costs.barrier_risk;
                        });
}

RecurrenceSplit cheapest_split(const Network& network, const BatchShape& shape, int threads, Split wanted,
                               int blocks, const std::function<double(int, int, int)>& cost) {
  RecurrenceSplit best;
  double least = std::numeric_limits<double>::infinity();
  for (int directions = 1; directions <= network.directions; ++directions) {
    for (int groups = 1; directions * groups <= threads && groups <= shape.samples; ++groups) {
      for (int parts = 1; directions * groups * parts <= threads && parts <= blocks; ++parts) {
        const RecurrenceSplit split{directions, groups, parts};
        if (!keeps_to(split, wanted)) continue;
        const int passes = network.directions / directions;
        const double expected =
            passes * cost(divide_up(shape.samples, groups), divide_up(blocks, parts), parts);
        if (expected < least) {
          least = expected;
          best = split;
        }
      }
    }
  }
  return best;
}

}  // namespace lstm::engines
