#include "check/timing_honesty.h"

#include <fmt/format.h>

#include <cmath>

namespace lstmbench {

namespace {

constexpr double message_ns =
    100e3;  // of writing, sending and reading one step's times, on a busy machine, too

// Between a phase's two clock readings and the device lie a launch and a wake-up.
constexpr double device_distance_ns = 60e3;

// The host's clock and the device's own must tell the same of forward + loss + backward.
std::optional<std::string> device_clock_fault(const WorkerSession::Run& run) {
  double host = 0, device = 0;
  for (const StepTimes& step : run.steps) {
    if (!step.device_ns) return std::nullopt;
    host += static_cast<double>(step.headline_ns());
    device += static_cast<double>(*step.device_ns);
  }
  const double allowed = 0.01 * host + device_distance_ns * static_cast<double>(run.steps.size());
  if (std::abs(host - device) <= allowed) return std::nullopt;
  return fmt::format(
      "forward + loss + backward of {} steps took {:.3f} ms by the host's clock, {:.3f} ms by the device's",
      run.steps.size(), host / 1e6, device / 1e6);
}

}  // namespace

std::optional<std::string> timing_fault(const WorkerSession::Run& run, bool is_first_request) {
  double reported = 0;  // ns; a sum of years does not fit 64 bits
  for (const StepTimes& step : run.steps) reported += static_cast<double>(step.total_ns());
  const auto elapsed = static_cast<double>(run.elapsed_ns);
  const auto ms = [](double ns) { return ns / 1e6; };
  if (reported > 1.02 * elapsed + 1e6)
    return fmt::format("the phases of {} steps add up to {:.1f} ms, but they took {:.1f} ms",
                       run.steps.size(), ms(reported), ms(elapsed));
  const double may_be_missing = (is_first_request ? 0.3 * elapsed + 2e9 : 0.1 * elapsed + 20e6) +
                                message_ns * static_cast<double>(run.steps.size()) +
                                static_cast<double>(run.kept_ns);
  if (elapsed - reported > may_be_missing)
    return fmt::format("{} steps took {:.1f} ms, of which their phases account for {:.1f} ms only",
                       run.steps.size(), ms(elapsed), ms(reported));
  return device_clock_fault(run);
}

}  // namespace lstmbench
