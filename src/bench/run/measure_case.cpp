#include "run/measure_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "check/timing_honesty.h"
#include "process/worker_session.h"
#include "run/cost_model.h"
#include "run/own_cpu_time.h"
#include "run/step_policy.h"

namespace lstmbench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Loading a library from a cold disk and preparing a problem have nothing to do with the speed of a step.
constexpr double least_prepare_limit_s = 120;
constexpr milliseconds short_request{30'000};  // memory, quit

milliseconds limit(double seconds) {
  return milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string timeout_message(int done, int asked, double time_limit_s) {
  const std::string time = format_duration(time_limit_s);
  if (done == 0) return fmt::format("no step finished in {}", time);
  const std::string missing =
      asked == 1 ? fmt::format("step {}", done + 1) : fmt::format("steps {} to {}", done + 1, done + asked);
  return fmt::format("{} did not finish in {}, {} before did", missing, time, done);
}

// Times that do not fit are asked for again: a machine that kept a worker from running in a few steps will
// hardly do so each time, a worker that reports other times than it took does. Throws
// WorkerFailure(incorrect) where they never fit.
void confirm_timing_fault(WorkerSession& session, const RunOptions& options,
                          const WorkerSession::Run& doubtful) {
  constexpr int attempts = 3;
  constexpr double enough_s = 0.5;  // beside which what timing_fault() allows each request is small
  constexpr double at_most_s = 2;
  double reported_s = 1e-9;  // the elapsed time holds what kept the worker, and says little of a step
  for (const auto& times : doubtful.steps) reported_s += 1e-9 * static_cast<double>(times.total_ns());
  const auto count = static_cast<double>(doubtful.steps.size());
  const double affordable = at_most_s * count / (1e-9 * static_cast<double>(doubtful.elapsed_ns));
  // No more of them than one reply holds.
  const int steps =
      static_cast<int>(std::clamp(std::min(enough_s * count / reported_s, affordable), 3.0, 1e3));
  for (int attempt = 1;; ++attempt) {
    const auto again = session.run(steps, limit(std::max(3 * options.time_limit_s, 10 * enough_s)));
    const auto fault = timing_fault(again, false);
    if (!fault) return;
    if (attempt == attempts) throw WorkerFailure(Status::incorrect, *fault, true);
  }
}

// Asks for steps until the policy has enough; appends them to the round. Throws WorkerFailure.
void run_steps(WorkerSession& session, const RunOptions& options, const StepListener& listener,
               CaseRound& round) {
  StepPolicy policy(options);
  double last_step_s = 0, spent_s = 0;
  // Times are judged over all requests but the first: on a busy machine a worker may once be kept from
  // running between a request and its first clock reading; one that reports other times than it took does so
  // again and again.
  WorkerSession::Run later;
  for (int done = 0;;) {
    const auto request = policy.next(done, last_step_s, spent_s);
    if (request.steps == 0) break;
    listener(fmt::format("step {}{}", done + 1, request.is_warmup ? " (warm-up)" : ""));
    WorkerSession::Run run;
    const std::int64_t cpu_before = own_cpu_ns();
    try {
      run = session.run(request.steps, limit(options.time_limit_s));
    } catch (const WorkerFailure& failure) {
      if (failure.status != Status::timeout) throw;
      throw WorkerFailure(Status::timeout, timeout_message(done, request.steps, options.time_limit_s));
    }
    const double elapsed_s = static_cast<double>(run.elapsed_ns) * 1e-9;
    last_step_s = std::max(elapsed_s / request.steps, 1e-9);
    spent_s += elapsed_s;
    round.harness.request_ns += run.elapsed_ns;
    round.harness.cpu_ns += own_cpu_ns() - cpu_before;
    for (const auto& times : run.steps) round.harness.step_ns += times.total_ns();
    for (const auto& times : run.steps) round.samples.push_back({done++, request.is_warmup, times});
    if (done == request.steps) {
      if (const auto fault = timing_fault(run, true)) throw WorkerFailure(Status::incorrect, *fault, true);
    } else {
      later.elapsed_ns += run.elapsed_ns;
      later.kept_ns += run.kept_ns;
      later.steps.insert(later.steps.end(), run.steps.begin(), run.steps.end());
    }
  }
  if (timing_fault(later, false)) confirm_timing_fault(session, options, later);
  if (policy.is_cold()) round.samples.front().is_warmup = false;
}

}  // namespace

CaseRound measure_case(const Case& a_case, const std::filesystem::path& problem, const RunOptions& options,
                       const StepListener& listener) {
  CaseRound round;
  const auto start = Clock::now();
  try {
    listener("starting");
    WorkerSession session(a_case.worker);
    try {
      const Prepared prepared =
          session.prepare(a_case, problem, limit(std::max(least_prepare_limit_s, options.time_limit_s)));
      round.workspace_bytes = prepared.workspace_bytes;
      round.description = prepared.description;
      run_steps(session, options, listener, round);
      round.memory = session.memory(short_request);
      session.quit(short_request);
    } catch (const WorkerFailure&) {
      round.log = session.log();
      throw;
    }
  } catch (const WorkerFailure& failure) {
    round.status = failure.status;
    round.message = failure.what();
  }
  round.elapsed_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
  return round;
}

double estimated_round_s(const Case& a_case, double step_s, const RunOptions& options) {
  if (step_s > options.time_limit_s) return estimated_start_s(a_case) + options.time_limit_s;
  StepPolicy policy(options);
  double spent_s = 0;
  for (int done = 0;;) {
    const auto request = policy.next(done, done == 0 ? 0 : step_s, spent_s);
    if (request.steps == 0) break;
    done += request.steps;
    spent_s += request.steps * step_s;
  }
  return estimated_start_s(a_case) + spent_s;
}

}  // namespace lstmbench
