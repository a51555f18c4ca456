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

// What a signal handler touches has to be global: the first signal that came, whether somebody has asked for
// the end (SIGINT, SIGTERM), and both ends of a pipe it writes to.
std::atomic<int> signal_that_came{0};
std::atomic<bool> is_end_asked_for{false};
std::atomic<int> read_end{-1};
std::atomic<int> write_end{-1};

void handle(int signal) {
  const int saved_errno = errno;
  // A terminal or reader that is gone says so again and again (the shell sends SIGHUP, then the kernel does;
  // each further write is a SIGPIPE), and a session that ends sends SIGTERM with it: nobody is impatient.
  const bool asks_for_end = signal == SIGINT || signal == SIGTERM;
  if (asks_for_end && is_end_asked_for.exchange(true)) {
    kill_process_groups();
    _exit(128 + signal);
  }
  int none = 0;
  if (signal_that_came.compare_exchange_strong(none, signal)) {
    const char byte = 0;
    [[maybe_unused]] const auto written = write(write_end.load(), &byte, 1);
  }
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
