#include "run/discovery.h"

#include <fmt/format.h>

namespace lstmbench {
namespace {

// The last line that says something: in a Python traceback, the error itself.
std::string last_line(const std::string& log) {
  std::size_t end = log.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  const std::size_t begin = log.find_last_of('\n', end);
  return log.substr(begin == std::string::npos ? 0 : begin + 1,
                    end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

DiscoveredWorker say_hello(const WorkerCommand& command, WorkerSession::Timeout timeout) {
  DiscoveredWorker worker{command, std::nullopt, ""};
  std::string log;
  try {
    WorkerSession session(command);
    try {
      worker.hello = session.hello(timeout);
      session.quit(timeout);
    } catch (const WorkerFailure&) {
      log = session.log();
      throw;
    }
  } catch (const WorkerFailure& failure) {
    if (failure.status == Status::interrupted) throw;
    if (worker.hello) return worker;  // it answered; how it ends is not asked here
    const std::string reason = last_line(log);
    worker.problem = reason.empty() ? failure.what() : fmt::format("{}: {}", failure.what(), reason);
  }
  return worker;
}

void add_implementations(const DiscoveredWorker& worker, const std::vector<Variant>& variants,
                         Discovery& discovery) {
  for (const auto& info : worker.hello->implementations) {
    discovery.implementations.push_back({info.name, info, worker.hello->version, worker.command});
    for (const auto& variant : variants) {
      if (variant.implementation != info.name) continue;
      WorkerCommand command = worker.command;
      for (const auto& [name, value] : variant.environment) command.environment[name] = value;
      discovery.implementations.push_back(
          {fmt::format("{}@{}", info.name, variant.name), info, worker.hello->version, command});
      discovery.variants.push_back(variant);
    }
  }
}

}  // namespace

Discovery discover(const std::vector<WorkerCommand>& workers, const std::vector<Variant>& variants,
                   WorkerSession::Timeout timeout) {
  Discovery discovery;
  for (const auto& command : workers) {
    discovery.workers.push_back(say_hello(command, timeout));
    if (discovery.workers.back().hello) add_implementations(discovery.workers.back(), variants, discovery);
  }
  return discovery;
}

}  // namespace lstmbench
