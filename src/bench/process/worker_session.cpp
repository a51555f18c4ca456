#include "process/worker_session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "process/channel.h"
#include "process/child.h"
#include "process/run_delay.h"
#include "protocol/replies.h"
#include "protocol/requests.h"

namespace lstmbench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds grace{500};  // from SIGTERM to SIGKILL

// "No limit" must not wrap around to the past.
Clock::time_point deadline_after(WorkerSession::Timeout timeout) {
  constexpr std::chrono::hours longest{24 * 365};
  return Clock::now() + std::min<std::chrono::milliseconds>(timeout, longest);
}

}  // namespace

struct WorkerSession::State {
  explicit State(const WorkerCommand& command) : child(command), channel(child, log) {}

  Child child;
  LogTail log;
  Channel channel;
  std::int64_t id = 0;  // of the last request
  bool is_over = false;

  // Calls act(); whatever ends the session ends the worker too.
  template <typename Act>
  auto guarded(const Act& act) {
    if (is_over) throw WorkerFailure(Status::failed, "the worker's session is over");
    try {
      return act();
    } catch (const WorkerFailure& failure) {
      if (!failure.is_session_usable) end();
      throw;
    }
  }

  std::string ask(const std::string& line, const std::string& request, Timeout timeout) {
    const auto deadline = deadline_after(timeout);
    channel.send(line, request, deadline);
    return channel.receive(request, deadline);
  }

  void wait_for_exit(const std::string& request, Clock::time_point deadline) {
    channel.wait_for_end(request, deadline);
    const auto exit = child.stop(grace);
    if (!exit || exit->signal != 0 || exit->code != 0)
      throw WorkerFailure(Status::crashed, fmt::format("the worker {} after '{}'",
                                                       exit ? describe(*exit) : "cannot be ended", request));
    end();
  }

  void end() {
    is_over = true;
    child.stop(grace);
    channel.drain_log();
  }
};

WorkerSession::WorkerSession(const WorkerCommand& command) : state_(std::make_unique<State>(command)) {}

WorkerSession::~WorkerSession() {
  if (!state_->is_over) state_->end();
}

Hello WorkerSession::hello(Timeout timeout) {
  return state_->guarded([&] {
    const std::int64_t id = ++state_->id;
    return decode_hello(state_->ask(encode_hello(id), "hello", timeout), id);
  });
}

Prepared WorkerSession::prepare(const Case& a_case, const std::filesystem::path& problem, Timeout timeout) {
  return state_->guarded([&] {
    const std::int64_t id = ++state_->id;
    return decode_prepared(state_->ask(encode_prepare(id, a_case, problem), "prepare", timeout), id);
  });
}

double WorkerSession::check(const std::filesystem::path& gradients, Timeout timeout) {
  return state_->guarded([&] {
    const std::int64_t id = ++state_->id;
    return decode_checked(state_->ask(encode_check(id, gradients), "check", timeout), id);
  });
}

WorkerSession::Run WorkerSession::run(int steps, Timeout timeout) {
  return state_->guarded([&] {
    const std::int64_t id = ++state_->id;
    const std::string request = encode_run(id, steps);
    const auto kept_so_far_ns = [&] { return run_delay_ns(getpid()) + run_delay_ns(state_->child.pid()); };
    const std::int64_t kept_before_ns = kept_so_far_ns();
    const auto start = Clock::now();
    const std::string reply = state_->ask(request, "run", timeout);
    const std::chrono::nanoseconds elapsed = Clock::now() - start;
    return Run{decode_steps(reply, id, steps), elapsed.count(), kept_so_far_ns() - kept_before_ns};
  });
}

MemoryUse WorkerSession::memory(Timeout timeout) {
  return state_->guarded([&] {
    const std::int64_t id = ++state_->id;
    return decode_memory(state_->ask(encode_memory(id), "memory", timeout), id);
  });
}

PeakRates WorkerSession::peak(int threads, double seconds, bool quick, Timeout timeout) {
  return state_->guarded([&] {
    const std::int64_t id = ++state_->id;
    return decode_peak(state_->ask(encode_peak(id, threads, seconds, quick), "peak", timeout), id);
  });
}

void WorkerSession::quit(Timeout timeout) {
  state_->guarded([&] {
    const auto deadline = deadline_after(timeout);
    const std::int64_t id = ++state_->id;
    decode_quit(state_->ask(encode_quit(id), "quit", timeout), id);
    state_->wait_for_exit("quit", deadline);
  });
}

std::string WorkerSession::exchange(const std::string& line, Timeout timeout) {
  return state_->guarded([&] { return state_->ask(line, "a request", timeout); });
}

void WorkerSession::hang_up(Timeout timeout) {
  state_->guarded([&] {
    state_->child.close_requests();
    state_->wait_for_exit("the end of its requests", deadline_after(timeout));
  });
}

std::string WorkerSession::log() const {
  if (!state_->is_over) state_->channel.drain_log();
  return state_->log.text();
}

int WorkerSession::pid() const {
  return state_->child.pid();
}

}  // namespace lstmbench
