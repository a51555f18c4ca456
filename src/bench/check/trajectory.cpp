#include "check/trajectory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace lstmbench {
namespace {

constexpr std::size_t last_step =
    20;  // later, rounding has grown beyond what a tolerance can tell from mistakes

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

bool is_exact(const Trajectory& trajectory) {
  return trajectory.dtype == "fp32" || trajectory.dtype == "fp64";
}

// Cases already found at fault measure nobody.
std::optional<double> expected_loss(std::span<const Trajectory> trajectories,
                                    const std::vector<std::optional<TrajectoryFault>>& faults,
                                    std::size_t step) {
  std::vector<double> exact, all;
  for (std::size_t i = 0; i < trajectories.size(); ++i) {
    const std::vector<double>& losses = trajectories[i].losses;
    // A NaN has no place in an order: it is at fault by itself, and no measure for others.
    if (faults[i] || step >= losses.size() || std::isnan(losses[step])) continue;
    all.push_back(losses[step]);
    if (is_exact(trajectories[i])) exact.push_back(losses[step]);
  }
  if (!exact.empty()) return median(exact);
  if (!all.empty()) return median(all);
  return std::nullopt;
}

bool never_changes(const Trajectory& trajectory) {
  const std::size_t enough = is_exact(trajectory) ? 3 : 8;  // a coarse loss may repeat by chance
  const auto& losses = trajectory.losses;
  return losses.size() >= enough && std::isfinite(losses[0]) && losses[0] != 0 &&
         std::all_of(losses.begin(), losses.end(), [&](double loss) { return loss == losses[0]; });
}

}  // namespace

double trajectory_tolerance(const std::string& dtype, std::size_t step) {
  const bool has_10_bits = dtype == "tf32" || dtype == "fp16";  // of fraction; bf16 has 7
  const double first = dtype == "bf16" ? 1e-2 : has_10_bits ? 2e-3 : dtype == "bf16x3" ? 5e-5 : 1e-5;
  const double last = dtype == "bf16" ? 1e-1 : has_10_bits ? 3e-2 : dtype == "bf16x3" ? 5e-3 : 1e-3;
  const double part = static_cast<double>(std::min(step, last_step)) / static_cast<double>(last_step);
  return first * std::pow(last / first, part);
}

std::vector<TrajectoryFault> compare_trajectories(std::span<const Trajectory> trajectories) {
  std::vector<std::optional<TrajectoryFault>> faults(trajectories.size());
  for (std::size_t i = 0; i < trajectories.size(); ++i) {
    const Trajectory& trajectory = trajectories[i];
    if (never_changes(trajectory))
      faults[i] = {trajectory.case_id, 1, trajectory.losses[1], trajectory.losses[0],
                   fmt::format("the loss is {:.9g} in each of {} training steps: parameters do not move",
                               trajectory.losses[0], trajectory.losses.size())};
  }
  const std::optional<double> initial = expected_loss(trajectories, faults, 0);
  for (std::size_t step = 0; step <= last_step; ++step) {
    const std::optional<double> known = expected_loss(trajectories, faults, step);
    for (std::size_t i = 0; i < trajectories.size(); ++i) {
      if (faults[i] || step >= trajectories[i].losses.size()) continue;
      const double loss = trajectories[i].losses[step];
      const double expected = known.value_or(loss);
      if (loss == expected) continue;
      // A loss that has been learned away leaves nothing to be relative to but the first one.
      const double scale = std::max(std::abs(expected), std::abs(initial.value_or(expected)));
      const double difference = std::abs(loss - expected) / scale;
      const double tolerance = trajectory_tolerance(trajectories[i].dtype, step);
      if (difference <= tolerance) continue;
      faults[i] = {
          trajectories[i].case_id, step, loss, expected,
          fmt::format("the loss after {} updates is {:.9g}, expected {:.9g} as in the median of all cases "
                      "(relative difference {:.1e}, tolerance {:.1e})",
                      step, loss, expected, difference, tolerance)};
    }
  }
  std::vector<TrajectoryFault> found;
  for (const auto& fault : faults)
    if (fault) found.push_back(*fault);
  return found;
}

}  // namespace lstmbench
