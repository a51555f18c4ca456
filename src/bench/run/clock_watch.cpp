#include "run/clock_watch.h"

#include <time.h>

#include <cmath>
#include <utility>

namespace lstmbench {
namespace {

constexpr double least_step_s = 1;

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

double wall_clock_offset_s() {
  return seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME);  // which goes on while the machine sleeps
}

std::optional<double> ClockWatch::step_s(double offset_s) {
  const double step = offset_s - std::exchange(offset_s_, offset_s);
  return std::abs(step) >= least_step_s ? std::optional(step) : std::nullopt;
}

}  // namespace lstmbench
