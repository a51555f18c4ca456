#include "run/resumable.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "process/process_identity.h"
#include "process/worker_session.h"

namespace lstmbench {
namespace {

constexpr std::chrono::minutes hello_limit{3};

// Worker programs may say which build of them they are (docs/worker-protocol.md).
std::string build_id(const std::map<std::string, std::string>& build) {
  const auto found = build.find("build id");
  return found == build.end() ? "" : found->second;
}

void require_same_build(const StoredRun& stored, const WorkerCommand& worker, const Hello& hello) {
  for (const auto& library : stored.libraries) {
    const std::string then = build_id(library.build), now = build_id(hello.build);
    if (library.worker.arguments == worker.arguments && !then.empty() && then != now)
      throw std::invalid_argument(fmt::format(
          "run {} measured another build of {} (its build id was {}, now it is {}): two builds do not "
          "mix in one run; start a new one with `lstmbench run`",
          stored.run.id, worker.name, then, now.empty() ? "not known" : now));
  }
}

void require_same_versions(const StoredRun& stored) {
  std::map<std::pair<std::vector<std::string>, std::map<std::string, std::string>>, const Case*> workers;
  for (const auto& known : stored.cases) {
    const Case& a_case = known.record.a_case;
    const bool is_open = known.status == Status::ok || known.status == Status::interrupted;
    if (is_open && !a_case.worker.arguments.empty())
      workers.emplace(std::pair(a_case.worker.arguments, a_case.worker.environment), &a_case);
  }
  for (const auto& [command, a_case] : workers) {
    Hello hello;
    try {
      WorkerSession session(a_case->worker);
      hello = session.hello(hello_limit);
      session.quit(hello_limit);
    } catch (const WorkerFailure& failure) {
      if (failure.status == Status::interrupted) throw;
      if (hello.version.empty())
        throw std::invalid_argument(
            fmt::format("run {} cannot be resumed: the worker '{}' does not start any more: {}",
                        stored.run.id, a_case->worker.name, failure.what()));
    }
    if (hello.version != a_case->version)
      throw std::invalid_argument(fmt::format(
          "run {} measured {} {}, installed is {} now: two versions do not mix in one run; start a "
          "new one with `lstmbench run`",
          stored.run.id, a_case->worker.name, a_case->version, hello.version));
    require_same_build(stored, a_case->worker, hello);
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
