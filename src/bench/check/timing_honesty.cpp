#include "check/timing_honesty.h"

#include <fmt/format.h>

namespace lstmbench {

namespace {

constexpr double message_ns =
    100e3;  // of writing, sending and reading one step's times, on a busy machine, too

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
  return std::nullopt;
}

}  // namespace lstmbench
