// How many steps a case warms up and measures in a round.
#pragma once

#include <optional>

#include "run/options.h"

namespace lstmbench {

// Decides from the steps seen so far, so that a step of 20 ms is repeated often and one of 40 s is taken
// once.
class StepPolicy {
 public:
  explicit StepPolicy(const RunOptions& options);

  struct Request {
    int steps = 0;  // to ask for now; 0: done
    bool is_warmup = false;
  };
  // What to ask for after `done` steps that took `spent_s` in all, the last ones `last_step_s` each.
  Request next(int done, double last_step_s, double spent_s);

  // The first step took so long that it is the measurement, without any warm-up before it.
  bool is_cold() const { return is_cold_; }

 private:
  bool needs_warmup(int done, double last_step_s, double spent_s) const;
  int timed_steps(double step_s) const;

  int steps_of_one_request(int steps, double step_s) const;

  std::optional<int> steps_, warmup_;  // as asked for; nothing: by speed
  double request_s_;                   // that a request of several steps takes about
  double last_s_ = 0, before_s_ = 0;   // a step of the last request, and of the one before
  bool is_cold_ = false;
  std::optional<int> warmup_done_;
};

}  // namespace lstmbench
