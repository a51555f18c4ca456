#include "workload/lengths.h"

namespace lstmbench {

std::vector<std::int32_t> int32_linspace(int low, int high, int count) {
  std::vector<std::int32_t> values;
  values.reserve(static_cast<std::size_t>(count));
  // The order of operations is NumPy's: a step of the exact width, the last value set and not computed.
  const double step = count > 1 ? (static_cast<double>(high) - low) / (count - 1) : 0;
  for (int i = 0; i < count; ++i) values.push_back(static_cast<std::int32_t>(i * step + low));
  if (count > 1) values.back() = high;
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

}  // namespace lstmbench
