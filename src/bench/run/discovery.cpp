#include "run/discovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "peers/version.h"
#include "workload/nearest.h"

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
      const bool is_known =
          std::any_of(discovery.variants.begin(), discovery.variants.end(), [&](const Variant& other) {
            return other.implementation == variant.implementation && other.name == variant.name;
          });
      if (!is_known) discovery.variants.push_back(variant);
    }
  }
}

// A variant of what an installed library does not have is a mistake of the configuration file, most likely;
// one of a library that is not there is none.
void add_unknown_variants(const std::vector<Variant>& variants, Discovery& discovery) {
  std::vector<std::string> names;
  for (const auto& implementation : discovery.implementations)
    if (implementation.name == implementation.info.name) names.push_back(implementation.name);
  for (const auto& variant : variants) {
    const std::string& of = variant.implementation;
    if (std::find(names.begin(), names.end(), of) != names.end()) continue;
    const bool is_missing =
        std::any_of(discovery.workers.begin(), discovery.workers.end(), [&](const DiscoveredWorker& worker) {
          return !worker.hello && worker.command.name == of.substr(0, of.find('/'));
        });
    if (!is_missing)
      discovery.unknown_variants.push_back(
          fmt::format("variant {}@{}: no library has '{}'{}", of, variant.name, of, did_you_mean(of, names)));
  }
}

// Why a worker that --versions asked for cannot take part; empty: it can.
std::string version_problem(const DiscoveredWorker& worker, const Discovery& before) {
  const std::string& asked = worker.command.version;
  if (asked.empty()) return "";
  const auto numbers = version_numbers(asked), has = version_numbers(worker.hello->version);
  if (!numbers.empty() &&
      !std::equal(has.begin(), has.end(), numbers.begin(),
                  numbers.begin() + static_cast<std::ptrdiff_t>(std::min(has.size(), numbers.size()))))
    return fmt::format("the environment has version {} now; remove it and add it again",
                       worker.hello->version);
  for (const auto& other : before.workers)
    if (other.hello && other.command.name == worker.command.name &&
        other.hello->version == worker.hello->version)
      return fmt::format("{} is version {}, too; one run holds each version once", other.command.label(),
                         other.hello->version);
  return "";
}

}  // namespace

Discovery discover(const std::vector<WorkerCommand>& workers, const std::vector<Variant>& variants,
                   WorkerSession::Timeout timeout) {
  Discovery discovery;
  for (const auto& command : workers) {
    DiscoveredWorker worker = say_hello(command, timeout);
    if (worker.hello) worker.problem = version_problem(worker, discovery);
    if (!worker.problem.empty()) worker.hello.reset();
    discovery.workers.push_back(std::move(worker));
    if (discovery.workers.back().hello) add_implementations(discovery.workers.back(), variants, discovery);
  }
  add_unknown_variants(variants, discovery);
  return discovery;
}

}  // namespace lstmbench
