// Lines to and from a worker, with deadlines; drains its log meanwhile so that it never blocks on it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "process/child.h"
#include "process/log_tail.h"

namespace lstmbench {

class Channel {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  Channel(Child& child, LogTail& log) : child_(child), log_(log) {}

  // Throw WorkerFailure: timeout, crashed, failed (not the protocol), interrupted. `request` names what was
  // asked, for the message. A line is without its line feed.
  void send(std::string_view line, const std::string& request, Deadline deadline);
  std::string receive(const std::string& request, Deadline deadline);

  // Waits for the worker to exit.
  void wait_for_end(const std::string& request, Deadline deadline);

  // Takes what the log holds now; bounded, never waits.
  void drain_log();

 private:
  // Waits until `descriptor` has `events`, the worker ends, or the deadline passes; throws for the last two.
  void wait(int descriptor, short events, const std::string& request, Deadline deadline);
  bool read_some();  // true where bytes came; throws nothing at end-of-file but remembers it
  [[noreturn]] void fail_at_end(const std::string& request);

  Child& child_;
  LogTail& log_;
  std::string received_;  // bytes after the last line that was returned
  bool is_at_end_ = false;
  bool is_log_at_end_ = false;  // the worker has closed its standard output and error
};

}  // namespace lstmbench
