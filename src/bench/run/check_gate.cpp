#include "run/check_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>

#include "check/check.h"
#include "process/interrupt.h"
#include "process/worker_session.h"

namespace lstmbench {
namespace {

// Cold libraries and the full-size reference take their time.
constexpr std::chrono::minutes slice_limit{3}, full_limit{30};

class Gate {
 public:
  Gate(const RunOptions& options, const WorkerCommand& reference_worker, TemporaryDirectory& directory)
      : options_(options), reference_worker_(reference_worker), directory_(directory) {}

  GateResult check(const Case& a_case) {
    GateResult result;
    try {
      const ReferenceResults& reference = reference_of(a_case.workload);
      WorkerSession& session = session_of(a_case.worker);
      const auto folder = directory_.make_folder();
      const CheckResult checked = check_case(session, a_case, reference, folder,
                                             options_.check == CheckMode::full ? full_limit : slice_limit);
      std::filesystem::remove_all(folder);
      result.check = {options_.check,     checked.passed,     checked.tolerance, checked.worst.relative_error,
                      checked.worst.name, checked.explanation};
      if (!checked.passed) {
        result.status = Status::incorrect;
        result.message = checked.explanation;
        result.log = session.log();
      }
    } catch (const WorkerFailure& failure) {
      result.status = failure.status;
      result.message = failure.what();
      if (session_) result.log = session_->log();
      // What failed may have left the worker unable to go on: after a fault of a kernel, CUDA answers every
      // call of that process with it, and the next case would be blamed.
      if (!failure.is_session_usable || failure.status == Status::failed) session_.reset();
    }
    return result;
  }

 private:
  const ReferenceResults& reference_of(const Workload& workload) {
    auto& reference = references_[workload.name];
    if (!reference) {
      try {
        session_.reset();  // the reference has the machine to itself
        reference =
            std::make_unique<ReferenceResults>(workload, options_.check == CheckMode::full, reference_worker_,
                                               directory_.make_folder(), options_.threads.front());
      } catch (const WorkerFailure& failure) {
        if (failure.status == Status::interrupted) throw;
        throw WorkerFailure(Status::failed,
                            fmt::format("the reference (native/reference) could not be computed: {}; "
                                        "--check none measures without it",
                                        failure.what()));
      }
    }
    return *reference;
  }

  WorkerSession& session_of(const WorkerCommand& worker) {
    if (!session_ || worker.arguments != command_.arguments || worker.environment != command_.environment) {
      session_.reset();
      session_ = std::make_unique<WorkerSession>(worker);
      command_ = worker;
    }
    return *session_;
  }

  const RunOptions& options_;
  const WorkerCommand& reference_worker_;
  TemporaryDirectory& directory_;
  std::map<std::string, std::unique_ptr<ReferenceResults>> references_;  // by the workload's name
  WorkerCommand command_;
  std::unique_ptr<WorkerSession> session_;  // of command_
};

// Cases of one worker one after the other, so that it starts once.
std::vector<std::size_t> order_by_worker(const std::vector<Case>& cases) {
  std::vector<std::size_t> order(cases.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(cases[a].worker.arguments, cases[a].worker.environment) <
           std::tie(cases[b].worker.arguments, cases[b].worker.environment);
  });
  return order;
}

}  // namespace

std::vector<GateResult> check_cases(const std::vector<Case>& cases, const RunOptions& options,
                                    const WorkerCommand& reference_worker, TemporaryDirectory& directory,
                                    const std::function<void(const Case&, int done)>& listener,
                                    const std::function<void(std::size_t, const GateResult&)>& on_result) {
  Gate gate(options, reference_worker, directory);
  std::vector<GateResult> results(cases.size());
  int done = 0;
  for (const std::size_t i : order_by_worker(cases)) {
    if (is_interrupted()) {
      results[i].status = Status::interrupted;
      results[i].message = "interrupted before it was checked";
    } else {
      listener(cases[i], done++);
      results[i] = gate.check(cases[i]);
    }
    on_result(i, results[i]);
  }
  return results;
}

}  // namespace lstmbench
