// The slice that checks run on keeps everything that engines treat differently (layers, directions, units,
// channels, classes, unequal lengths) and shortens what only repeats (samples, steps).
#include <algorithm>
#include <cmath>

#include "workload/problem.h"

namespace lstmbench {

Workload check_slice(const Workload& workload) {
  constexpr int most_samples = 4, fewest_steps = 8, most_steps = 32;
  constexpr double most_flops = 2e9;  // a second or two of the plain float64 reference
  Workload slice = workload;
  slice.samples = std::min(workload.samples, most_samples);
  slice.time_steps = slice.min_length = std::min(workload.time_steps, most_steps);
  const auto affordable =
      static_cast<int>(std::min<double>(most_steps, most_flops / slice.flops() * slice.time_steps));
  slice.time_steps = std::min(workload.time_steps, std::max(fewest_steps, affordable));
  // Lengths spread as widely as in the whole, and differ wherever they do there.
  const double shortest = static_cast<double>(workload.min_length) / workload.time_steps;
  slice.min_length = std::max(1, static_cast<int>(shortest * slice.time_steps));
  // So many labels fit whatever they are: each may need a blank between itself and an equal neighbour.
  slice.labels = std::min(workload.labels, (slice.min_length + 1) / 2);
  return slice;
}

}  // namespace lstmbench
