#include "process/channel.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "process/interrupt.h"
#include "process/worker_session.h"
#include "protocol/requests.h"
#include "protocol/text.h"

namespace lstmbench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds patience_at_end{1000};  // from closed descriptors to the end of the process

// write() that reports a closed pipe by errno and not by a signal to the whole program.
ssize_t write_without_signal(int descriptor, std::string_view bytes) {
  sigset_t pipe_signal, before, pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&pending);
  const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t written = write(descriptor, bytes.data(), bytes.size());
  const int error = errno;
  if (written < 0 && error == EPIPE && !was_pending) {
    const timespec at_once{};
    sigtimedwait(&pipe_signal, nullptr, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

void Channel::drain_log() {
  std::array<char, 65536> bytes;
  for (int i = 0; i < 64; ++i) {  // a worker that writes without end is read on at the next call
    const ssize_t got = read(child_.log(), bytes.data(), bytes.size());
    if (got == 0) is_log_at_end_ = true;
    if (got <= 0) return;
    log_.append({bytes.data(), static_cast<std::size_t>(got)});
  }
}

bool Channel::read_some() {
  std::array<char, 65536> bytes;
  const ssize_t got = read(child_.replies(), bytes.data(), bytes.size());
  if (got > 0) received_.append(bytes.data(), static_cast<std::size_t>(got));
  if (got == 0 || (got < 0 && !would_block())) is_at_end_ = true;
  return got > 0;
}

void Channel::fail_at_end(const std::string& request) {
  // A process that exits closes its descriptors a moment before it counts as ended.
  const bool has_ended = child_.wait_for_end(patience_at_end);
  drain_log();
  const std::string half = received_.empty() ? "" : "; its last line is incomplete: " + in_quotes(received_);
  if (!has_ended)
    throw WorkerFailure(Status::failed,
                        fmt::format("the worker closed its channel during '{}'{}", request, half));
  const auto exit = child_.stop(milliseconds(0));
  drain_log();
  const bool is_half_reply = exit && exit->signal == 0 && !half.empty();
  throw WorkerFailure(
      is_half_reply ? Status::failed : Status::crashed,
      fmt::format("the worker {} during '{}'{}", exit ? describe(*exit) : "cannot be ended", request, half));
}

void Channel::wait(int descriptor, short events, const std::string& request, Deadline deadline) {
  if (is_interrupted())
    throw WorkerFailure(Status::interrupted, fmt::format("interrupted during '{}'", request));
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
  if (left <= milliseconds(0)) {
    drain_log();
    throw WorkerFailure(Status::timeout, fmt::format("'{}' was not done within its time limit", request));
  }
  // Without a notice of the end, look for it ten times a second.
  const milliseconds longest = child_.end_notice() >= 0 ? milliseconds(60'000) : milliseconds(100);
  std::array<pollfd, 4> waited{{{descriptor, events, 0},
                                // Closed by the worker, it would be ready all the time, and this a busy loop.
                                {is_log_at_end_ ? -1 : child_.log(), POLLIN, 0},
                                {child_.end_notice(), POLLIN, 0},
                                {interrupt_descriptor(), POLLIN, 0}}};
  poll(waited.data(), waited.size(), static_cast<int>(std::min(left, longest).count()));
  if (waited[1].revents != 0) drain_log();
}

void Channel::send(std::string_view line, const std::string& request, Deadline deadline) {
  if (read_some() || !received_.empty())
    throw WorkerFailure(Status::failed, fmt::format("the worker wrote before '{}' was asked: {}", request,
                                                    in_quotes(received_)));
  const std::string bytes = std::string(line) + '\n';
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = write_without_signal(child_.requests(), rest);
    if (written > 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (!would_block() || child_.has_ended()) {
      while (read_some()) {
      }
      fail_at_end(request);
    } else {
      wait(child_.requests(), POLLOUT, request, deadline);
    }
  }
}

std::string Channel::receive(const std::string& request, Deadline deadline) {
  std::size_t searched = 0;
  while (true) {
    // Asked before reading: what the worker wrote before its end is then read below.
    const bool has_ended = child_.has_ended();
    while (read_some() && received_.size() <= longest_line) {
    }
    const std::size_t end = received_.find('\n', searched);
    if (end != std::string::npos && end <= longest_line) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    if (received_.size() > longest_line)
      throw WorkerFailure(Status::failed,
                          fmt::format("the worker's reply to '{}' is longer than 1 MiB: {}", request,
                                      in_quotes(std::string_view(received_).substr(0, 1000))));
    searched = received_.size();
    if (has_ended || is_at_end_) fail_at_end(request);
    wait(child_.replies(), POLLIN, request, deadline);
  }
}

void Channel::wait_for_end(const std::string& request, Deadline deadline) {
  constexpr int no_descriptor = -1;
  while (!child_.has_ended()) wait(no_descriptor, 0, request, deadline);
}

}  // namespace lstmbench
