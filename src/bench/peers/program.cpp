#include "peers/program.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "process/child.h"
#include "process/interrupt.h"
#include "process/log_tail.h"
#include "process/worker_session.h"

namespace lstmbench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds grace{2000};

void drain(const Child& child, LogTail& log) {
  std::array<char, 4096> bytes;
  ssize_t got = 0;
  while ((got = read(child.log(), bytes.data(), bytes.size())) > 0)
    log.append({bytes.data(), static_cast<std::size_t>(got)});
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment, milliseconds limit) {
  ProgramResult result;
  try {
    Child child({arguments.front(), arguments, environment});
    LogTail log;
    const auto deadline = Clock::now() + limit;
    while (!child.has_ended() && !is_interrupted() && Clock::now() < deadline) {
      std::array<pollfd, 3> waited{pollfd{child.log(), POLLIN, 0}, pollfd{child.end_notice(), POLLIN, 0},
                                   pollfd{interrupt_descriptor(), POLLIN, 0}};
      constexpr int patience_ms = 200;  // a descriptor that is closed already may say nothing
      poll(waited.data(), waited.size(), patience_ms);
      drain(child, log);
    }
    const bool has_ended = child.has_ended();
    const auto exit = child.stop(grace);
    drain(child, log);
    result.output = log.text();
    if (is_interrupted()) throw WorkerFailure(Status::interrupted, "interrupted");
    if (!has_ended)
      result.failure =
          fmt::format("did not end in {} s", std::chrono::duration_cast<std::chrono::seconds>(limit).count());
    else if (!exit || exit->signal != 0 || exit->code != 0)
      result.failure = exit ? describe(*exit) : "cannot be ended";
    result.was_ended = !has_ended || !exit || exit->signal != 0;
    result.succeeded = result.failure.empty();
  } catch (const WorkerFailure& failure) {
    if (failure.status == Status::interrupted) throw;
    result.failure = failure.what();
  }
  return result;
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  const std::size_t before = text.find_last_of('\n', end);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return text.substr(begin, end - begin + 1);
}

}  // namespace lstmbench
