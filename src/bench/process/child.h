// A worker's process: started in a group of its own, and never left behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "case/case.h"
#include "process/file_descriptor.h"

namespace lstmbench {

// How a process ended.
struct Exit {
  int signal = 0;  // 0 where it exited by itself
  int code = 0;    // its exit code then
};

// "was killed by SIGSEGV", "exited with code 3"; where SIGKILL came from outside, what that usually means.
std::string describe(const Exit& exit);

class Child {
 public:
  // Starts the program with descriptor 3 to read requests from, 4 to write replies to, 1 and 2 as its log, 0
  // empty, and no other descriptor of ours. It dies when the thread that started it does (PR_SET_PDEATHSIG).
  // Throws WorkerFailure(failed) naming the program and the reason where it cannot be started.
  explicit Child(const WorkerCommand& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  // Our ends, non-blocking; -1 once closed.
  int requests() const { return requests_.get(); }
  int replies() const { return replies_.get(); }
  int log() const { return log_.get(); }
  int end_notice() const { return end_notice_.get(); }  // readable once the process has ended; or -1
  void close_requests() { requests_.close(); }

  bool has_ended() const;
  // Waits up to `patience` for the end.
  bool wait_for_end(std::chrono::milliseconds patience) const;
  // Ends what is left of the process group: SIGTERM, after `grace` SIGKILL. Says how the process itself
  // ended, nothing where not even SIGKILL ended it within seconds. Later calls return the same.
  std::optional<Exit> stop(std::chrono::milliseconds grace);

 private:
  void signal_group(int signal) const;

  pid_t pid_ = -1;
  FileDescriptor requests_, replies_, log_, end_notice_;
  bool is_stopped_ = false;
  std::optional<Exit> exit_;
};

}  // namespace lstmbench
