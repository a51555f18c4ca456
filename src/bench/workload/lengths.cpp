#include "workload/lengths.h"

namespace lstmbench {
namespace {

// Value i of int32_linspace(). The order of operations is NumPy's: a step of the exact width, the last value
// set and not computed.
std::int32_t linspace_value(int low, int high, int count, int i) {
  if (count == 1) return low;
  if (i == count - 1) return high;
  const double step = (static_cast<double>(high) - low) / (count - 1);
  return static_cast<std::int32_t>(i * step + low);
}

}  // namespace

std::vector<std::int32_t> int32_linspace(int low, int high, int count) {
  std::vector<std::int32_t> values;
  values.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) values.push_back(linspace_value(low, high, count, i));
  return values;
}

std::vector<std::int32_t> lstm_lengths(const Workload& workload) {
  if (workload.has_equal_lengths())
    return std::vector<std::int32_t>(static_cast<std::size_t>(workload.samples), workload.time_steps);
  return loss_lengths(workload);
}

std::vector<std::int32_t> loss_lengths(const Workload& workload) {
  return int32_linspace(workload.min_length, workload.time_steps, workload.samples);
}

std::int64_t lstm_steps(const Workload& workload) {
  if (workload.has_equal_lengths()) return static_cast<std::int64_t>(workload.samples) * workload.time_steps;
  std::int64_t steps = 0;
  for (int i = 0; i < workload.samples; ++i)
    steps += linspace_value(workload.min_length, workload.time_steps, workload.samples, i);
  return steps;
}

}  // namespace lstmbench
