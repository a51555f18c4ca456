// A running worker: started in its own process group, spoken to over the worker protocol, never trusted.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "case/case.h"
#include "protocol/messages.h"

namespace lstmbench {

// Why a request did not give a result. The session is over unless is_session_usable.
struct WorkerFailure : std::runtime_error {
  WorkerFailure(Status status_, const std::string& message, bool usable = false)
      : std::runtime_error(message), status(status_), is_session_usable(usable) {}
  Status status;
  bool is_session_usable;
};

class WorkerSession {
 public:
  using Timeout = std::chrono::milliseconds;

  // Starts the program; the constructor does not wait for it. Throws WorkerFailure(failed) where it cannot be
  // started. The worker dies with the thread that constructs the session.
  explicit WorkerSession(const WorkerCommand& command);
  // Kills whatever is left of the worker's process group.
  ~WorkerSession();
  WorkerSession(const WorkerSession&) = delete;
  WorkerSession& operator=(const WorkerSession&) = delete;

  // Each sends one request and waits for its reply; throws WorkerFailure for an error reply, a time-out, a
  // crash, or anything that is not the protocol (the message shows the offending line, shortened and
  // escaped). A SIGINT or SIGTERM to the harness (see interrupt.h) ends the wait with Status::interrupted.
  Hello hello(Timeout timeout);
  Prepared prepare(const Case& a_case, const std::filesystem::path& problem, Timeout timeout);
  double check(const std::filesystem::path& gradients, Timeout timeout);  // the loss
  struct Run {
    std::vector<StepTimes> steps;
    std::int64_t elapsed_ns = 0;  // by the harness's own clock, from sending the request to reading the reply
    std::int64_t kept_ns = 0;     // of which harness and worker waited for a CPU, in steps or outside
  };
  Run run(int steps, Timeout timeout);
  MemoryUse memory(Timeout timeout);
  PeakRates peak(int threads, double seconds, bool quick, Timeout timeout);
  void quit(Timeout timeout);

  // For the conformance suite: sends one line as it is and returns the line that comes back, whatever it
  // says.
  std::string exchange(const std::string& line, Timeout timeout);
  // Closes the request channel without `quit` and waits for the worker to exit; throws WorkerFailure where it
  // stays or crashes.
  void hang_up(Timeout timeout);

  // The end (64 KiB) of what the program wrote to its standard output and error, as valid UTF-8.
  std::string log() const;
  int pid() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lstmbench
