#include "run/check_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <optional>

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
      compare(a_case, false, result);
      // Only a slice's training steps are compared: the whole workload is checked after it, not instead.
      if (options_.check == CheckMode::full && result.status == Status::ok) compare(a_case, true, result);
    } catch (const WorkerFailure& failure) {
      result.check = {};  // a slice that passed is no full check
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
  void compare(const Case& a_case, bool is_full, GateResult& result) {
    const ReferenceResults& reference = reference_of(a_case.workload, is_full);
    WorkerSession& session = session_of(a_case.worker);
    const auto folder = directory_.make_folder();
    const CheckResult checked =
        check_case(session, a_case, reference, folder, is_full ? full_limit : slice_limit);
    std::error_code ignored;  // it vanishes with its parent
    std::filesystem::remove_all(folder, ignored);
    result.check = {options_.check,     checked.passed,     checked.tolerance, checked.worst.relative_error,
                    checked.worst.name, checked.explanation};
    if (checked.passed) return;
    result.status = Status::incorrect;
    result.message = checked.explanation;
    result.log = session.log();
  }

  const ReferenceResults& reference_of(const Workload& workload, bool is_full) {
    auto& [results, problem] = references_[{workload.name, is_full}];
    if (!results && problem.empty()) {
      try {
        session_.reset();  // the reference has the machine to itself
        results.emplace(workload, is_full, reference_worker_, directory_.make_folder(),
                        options_.threads.front());
      } catch (const WorkerFailure& failure) {
        if (failure.status == Status::interrupted) throw;
        problem = fmt::format(
            "the reference (native/reference) could not be computed: {}; --check none measures without it",
            failure.what());
      }
    }
    if (!results) throw WorkerFailure(Status::failed, problem);
    return *results;
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
  struct Reference {
    std::optional<ReferenceResults> results;
    std::string problem;  // why there are none: it would fail for the next case, too, and take as long
  };
  std::map<std::pair<std::string, bool>, Reference> references_;  // by the workload's name, and whether full
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

void check_cases(const std::vector<Case>& cases, const RunOptions& options,
                 const WorkerCommand& reference_worker, TemporaryDirectory& directory,
                 const std::function<void(const Case&, int done)>& listener,
                 const std::function<void(std::size_t, const GateResult&)>& on_result) {
  Gate gate(options, reference_worker, directory);
  int done = 0;
  for (const std::size_t i : order_by_worker(cases)) {
    GateResult result;
    if (is_interrupted()) {
      result.status = Status::interrupted;
      result.message = "interrupted before it was checked";
    } else {
      listener(cases[i], done++);
      result = gate.check(cases[i]);
    }
    on_result(i, result);
  }
}

}  // namespace lstmbench
