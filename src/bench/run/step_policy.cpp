#include "run/step_policy.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lstmbench {
namespace {

constexpr double warmup_s = 1;           // short steps warm up for so long, and at least ...
constexpr int least_warmup_steps = 3;    // ... so often,
constexpr double most_warmup_s = 3;      // but for so long at most where they still become faster:
constexpr double still_faster = 0.97;    // the last request's steps took so much of the time of those before;
constexpr double long_step_s = 1;        // from here on one warm-up step is enough,
constexpr double very_long_step_s = 15;  // and from here on the first step is the measurement
constexpr double timed_s = 1.5;          // what a case measures in a round, but ...
constexpr int least_timed_steps = 3;     // ... at least so many short steps
constexpr int most_timed_steps = 50;     // ... and at most so many
constexpr double request_s = 1;  // short steps are asked for in requests of about this: progress shows
constexpr double most_in_request = 1000;  // a reply is one line of at most 1 MiB
constexpr double least_step_s = 1e-6;     // no clock can tell less

}  // namespace

// The limit is that of one step, and each request has it: several steps together stay well within.
StepPolicy::StepPolicy(const RunOptions& options)
    : steps_(options.steps),
      warmup_(options.warmup),
      request_s_(std::min(request_s, options.time_limit_s / 4)) {
  if (options.protocol == Protocol::seed) {
    warmup_ = options.warmup.value_or(seed_warmup);
    steps_ = options.steps.value_or(seed_steps - seed_warmup);
  }
}

int StepPolicy::steps_of_one_request(int steps, double step_s) const {
  return std::min(steps, static_cast<int>(std::clamp(request_s_ / step_s, 1.0, most_in_request)));
}

bool StepPolicy::needs_warmup(int done, double last_step_s, double spent_s) const {
  if (warmup_) return done < *warmup_;
  if (done == 0) return true;
  if (last_step_s >= long_step_s) return false;
  const bool becomes_faster =
      before_s_ > 0 && last_step_s < still_faster * before_s_ && spent_s < most_warmup_s;
  return done < least_warmup_steps || spent_s < warmup_s || becomes_faster;
}

int StepPolicy::timed_steps(double step_s) const {
  if (steps_) return *steps_;
  const double least = step_s < long_step_s ? least_timed_steps : 1;
  return static_cast<int>(std::clamp(std::ceil(timed_s / step_s), least, double{most_timed_steps}));
}

StepPolicy::Request StepPolicy::next(int done, double last_step_s, double spent_s) {
  before_s_ = std::exchange(last_s_, last_step_s);
  const double step_s = std::max(last_step_s, least_step_s);
  const bool is_first = done == 0;  // its speed is not known: one step alone
  if (!warmup_done_ && needs_warmup(done, step_s, spent_s)) {
    const int left =
        warmup_ ? *warmup_ - done
                : std::max({1, least_warmup_steps - done,
                            static_cast<int>(std::min(std::ceil((warmup_s - spent_s) / step_s), 1e6))});
    // In two requests at least, so that there is something to compare.
    return {is_first ? 1 : steps_of_one_request(warmup_ ? left : (left + 1) / 2, step_s), true};
  }
  if (!warmup_done_) {
    warmup_done_ = done;
    is_cold_ = !warmup_ && !steps_ && done == 1 && step_s >= very_long_step_s;
  }
  if (is_cold_) return {};
  if (is_first) return {1, false};
  const int left = timed_steps(step_s) - (done - *warmup_done_);
  return left <= 0 ? Request{} : Request{steps_of_one_request(left, step_s), false};
}

}  // namespace lstmbench
