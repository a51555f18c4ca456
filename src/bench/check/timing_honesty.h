// Whether the phases that a worker reports fit the time that the harness saw pass.
#pragma once

#include <optional>
#include <string>

#include "process/worker_session.h"

namespace lstmbench {

// Why the times of a `run` cannot be right, for people; nothing where they can. They are wrong where all
// phases together exceed the elapsed time by more than 2 % + 1 ms, or leave more than 10 % + 20 ms
// + 0.1 ms a step of it unaccounted for (the first request after `prepare` may leave 30 % + 2 s: libraries
// choose their kernels then). What the system kept harness and worker from running is nobody's fault. Where a
// device has a clock of its own, the two must agree within 1 % + 0.06 ms a step: the host's tells no less in
// sum, and no more in the middle one of three steps or more (in a single one it may have been held up).
std::optional<std::string> timing_fault(const WorkerSession::Run& run, bool is_first_request);

}  // namespace lstmbench
