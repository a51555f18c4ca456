#include "run/resumable.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "process/process_identity.h"
#include "process/worker_session.h"

namespace lstmbench {
namespace {

constexpr std::chrono::minutes hello_limit{3};

void require_same_versions(const StoredRun& stored) {
  std::map<std::pair<std::vector<std::string>, std::map<std::string, std::string>>, const Case*> workers;
  for (const auto& known : stored.cases) {
    const Case& a_case = known.record.a_case;
    const bool is_open = known.status == Status::ok || known.status == Status::interrupted;
    if (is_open && !a_case.worker.arguments.empty())
      workers.emplace(std::pair(a_case.worker.arguments, a_case.worker.environment), &a_case);
  }
  for (const auto& [command, a_case] : workers) {
    std::string version;
    try {
      WorkerSession session(a_case->worker);
      version = session.hello(hello_limit).version;
      session.quit(hello_limit);
    } catch (const WorkerFailure& failure) {
      if (failure.status == Status::interrupted) throw;
      if (version.empty())
        throw std::invalid_argument(
            fmt::format("run {} cannot be resumed: the worker '{}' does not start any more: {}",
                        stored.run.id, a_case->worker.name, failure.what()));
    }
    if (version != a_case->version)
      throw std::invalid_argument(fmt::format(
          "run {} measured {} {}, installed is {} now: two versions do not mix in one run; start a "
          "new one with `lstmbench run`",
          stored.run.id, a_case->worker.name, a_case->version, version));
  }
}

}  // namespace

void refuse_measured(const StoredRun& stored) {
  throw std::invalid_argument(
      fmt::format("run {} is being measured now by another process ({}); wait for it", stored.run.id,
                  stored.sittings.empty() ? "unknown" : stored.sittings.back().process));
}

void require_not_running(const StoredRun& stored, const SystemFiles& files) {
  for (const auto& sitting : stored.sittings)
    if (is_running(sitting.process, files)) refuse_measured(stored);
}

std::vector<std::string> changes_since(const StoredRun& stored, const SystemFiles& files) {
  require_not_running(stored, files);
  std::vector<std::string> changes;
  for (const auto& difference : differing_facts(stored.machine, read_machine(files))) {
    if (difference.is_decisive)
      throw std::invalid_argument(
          fmt::format("run {} was measured on another machine ({}: '{}' then, '{}' now); start a new one "
                      "with `lstmbench run`",
                      stored.run.id, difference.name, difference.first, difference.second));
    changes.push_back(
        fmt::format("{} was '{}' instead of '{}'", difference.name, difference.second, difference.first));
  }
  require_same_versions(stored);
  return changes;
}

}  // namespace lstmbench
