#include "process/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "process/process_groups.h"

namespace lstmbench {
namespace {

// What a signal handler touches has to be global: the signal that came, and both ends of a pipe it writes to.
std::atomic<int> signal_that_came{0};
std::atomic<int> read_end{-1};
std::atomic<int> write_end{-1};

void handle(int signal) {
  const int saved_errno = errno;
  int none = 0;
  // Whoever read what we write is gone, and each further write says so again.
  if (signal == SIGPIPE && signal_that_came.load() != 0) {
    errno = saved_errno;
    return;
  }
  if (!signal_that_came.compare_exchange_strong(none, signal)) {
    kill_process_groups();
    _exit(128 + signal);
  }
  const char byte = 0;
  [[maybe_unused]] const auto written = write(write_end.load(), &byte, 1);
  errno = saved_errno;
}

}  // namespace

void catch_interrupts() {
  if (read_end.load() >= 0) return;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe for signals");
  write_end = ends[1];
  read_end = ends[0];
  struct sigaction action {};
  action.sa_handler = handle;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);  // the terminal is gone: what was measured is stored all the same
}

bool is_interrupted() {
  return signal_that_came.load() != 0;
}
int interrupting_signal() {
  return signal_that_came.load();
}
int interrupt_descriptor() {
  return read_end.load();
}

}  // namespace lstmbench
