#include "check/timing_honesty.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace lstmbench {

namespace {

constexpr double message_ns =
    100e3;  // of writing, sending and reading one step's times, on a busy machine, too

// Between a phase's two clock readings and the device lie a launch and a wake-up.
constexpr double device_distance_ns = 60e3;

// Where the host was kept from running its clock tells more; of fewer steps that can be most of them.
constexpr std::size_t least_steps_for_more = 3;

// The host's clock and the device's own must tell the same of forward + loss + backward: the host's no less
// in sum, and no more in the middle one of the steps.
std::optional<std::string> device_clock_fault(const WorkerSession::Run& run) {
  double host = 0, device = 0;
  std::vector<double> more;
  const auto allowed_ns = [](double host_ns, std::size_t steps) {
    return 0.01 * host_ns + device_distance_ns * static_cast<double>(steps);
  };
  for (const StepTimes& step : run.steps) {
    if (!step.device_ns) return std::nullopt;
    const auto host_ns = static_cast<double>(step.headline_ns());
    const auto device_ns = static_cast<double>(*step.device_ns);
    host += host_ns;
    device += device_ns;
    more.push_back(host_ns - device_ns - allowed_ns(host_ns, 1));
  }
  const auto middle = more.begin() + static_cast<std::ptrdiff_t>(more.size() / 2);
  std::ranges::nth_element(more, middle);
  const bool is_more = more.size() >= least_steps_for_more && *middle > 0;
  if (!is_more && host >= device - allowed_ns(host, more.size())) return std::nullopt;
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
