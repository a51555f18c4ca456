// Notices that somebody set the wall clock. Steps are timed with clocks that cannot be set; moments are not.
#pragma once

#include <optional>

namespace lstmbench {

// How far the wall clock is ahead of the time since boot, in seconds.
double wall_clock_offset_s();

class ClockWatch {
 public:
  explicit ClockWatch(double offset_s) : offset_s_(offset_s) {}

  // By how much the clock was set since the last call, where that is more than its daily corrections.
  std::optional<double> step_s(double offset_s);

 private:
  double offset_s_;
};

}  // namespace lstmbench
