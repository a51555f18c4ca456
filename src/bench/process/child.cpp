#include "process/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "process/process_groups.h"
#include "process/start.h"
#include "process/worker_session.h"

namespace lstmbench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Pipe {
  FileDescriptor out, in;  // read from `out` what was written to `in`
};

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw WorkerFailure(Status::failed, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

void make_non_blocking(const FileDescriptor& descriptor) {
  fcntl(descriptor.get(), F_SETFL, fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK);
}

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

}  // namespace

std::string describe(const Exit& exit) {
  if (exit.signal == SIGKILL)
    return "was killed by SIGKILL (not the harness's: perhaps by the system's out-of-memory killer, see "
           "dmesg)";
  if (exit.signal != 0) return "was killed by " + signal_name(exit.signal);
  // A shell reports a signal to its command so.
  if (exit.code > 128 && exit.code < 128 + NSIG)
    return fmt::format("exited with code {} (128 + {})", exit.code, signal_name(exit.code - 128));
  return fmt::format("exited with code {}", exit.code);
}

Child::Child(const WorkerCommand& command) {
  Pipe requests = make_pipe(), replies = make_pipe(), log = make_pipe();
  try {
    pid_ =
        start({command.arguments, command.environment, requests.out.get(), replies.in.get(), log.in.get()});
  } catch (const std::runtime_error& error) {
    throw WorkerFailure(Status::failed, error.what());
  }
  remember_process_group(pid_);
  requests_ = std::move(requests.in);
  replies_ = std::move(replies.out);
  log_ = std::move(log.out);
  end_notice_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  for (const FileDescriptor* descriptor : {&requests_, &replies_, &log_}) make_non_blocking(*descriptor);
}

Child::~Child() {
  stop(milliseconds(0));
}

void Child::signal_group(int signal) const {
  kill(-pid_, signal);
  if (!has_ended()) kill(pid_, signal);  // where it has moved itself to another group
}

bool Child::has_ended() const {
  if (is_stopped_) return true;
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

bool Child::wait_for_end(milliseconds patience) const {
  const auto deadline = Clock::now() + patience;
  while (!has_ended()) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left <= milliseconds(0)) return false;
    if (end_notice_) {
      pollfd notice{end_notice_.get(), POLLIN, 0};
      poll(&notice, 1, static_cast<int>(std::min(left, milliseconds(60'000)).count()));
    } else {
      std::this_thread::sleep_for(std::min(left, milliseconds(20)));
    }
  }
  return true;
}

std::optional<Exit> Child::stop(milliseconds grace) {
  if (is_stopped_) return exit_;
  constexpr milliseconds patience_after_kill{5000};
  if (!has_ended() && grace > milliseconds(0)) {
    signal_group(SIGTERM);
    wait_for_end(grace);
  }
  // The ended leader is not reaped yet, so its group's number cannot have been given to anyone else.
  signal_group(SIGKILL);
  if (wait_for_end(patience_after_kill)) {
    int status = 0;
    if (waitpid(pid_, &status, 0) == pid_) {
      exit_ = WIFSIGNALED(status) ? Exit{WTERMSIG(status), 0} : Exit{0, WEXITSTATUS(status)};
    }
  }
  forget_process_group(pid_);
  is_stopped_ = true;
  return exit_;
}

}  // namespace lstmbench
