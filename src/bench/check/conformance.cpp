#include "check/conformance.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "check/check.h"
#include "check/conformance_workloads.h"
#include "check/timing_honesty.h"
#include "process/worker_session.h"
#include "protocol/text.h"

namespace lstmbench {
namespace {

using Outcome = ConformanceResult::Outcome;

constexpr int steps = 3;

// Why a test did not pass; caught by Suite::test.
struct Shortcoming {
  std::string what;
};

class Suite {
 public:
  Suite(const WorkerCommand& worker, const WorkerCommand& reference, std::filesystem::path directory,
        const std::function<void(const ConformanceResult&)>& on_result, WorkerSession::Timeout patience)
      : worker_(worker),
        reference_(reference),
        directory_(std::move(directory)),
        on_result_(on_result),
        patience_(patience) {}

  std::vector<ConformanceResult> run() {
    std::optional<Hello> hello;
    test("hello", [&] { hello = say_hello(); });
    test("quit: replies, then exits with status 0", [&] { start().quit(patience_); });
    test("end-of-file on descriptor 3: exits", [&] {
      WorkerSession session = start();
      session.hello(patience_);
      session.hang_up(patience_);
    });
    test("unknown request: bad-request, and usable after it", [&] { unknown_request(); });
    test("unknown implementation: an error, and usable after it", [&] { unknown_implementation(); });
    test("check and run before prepare: errors, and usable after them", [&] { unprepared(); });
    if (hello) {
      for (const ImplementationInfo& implementation : hello->implementations) {
        files_that_are_missing(implementation);
        for (const std::string& dtype : implementation.dtypes) numbers(implementation, dtype);
      }
    }
    return std::move(results_);
  }

 private:
  template <typename Act>
  bool test(const std::string& name, const Act& act) {
    ConformanceResult result{name, Outcome::passed, {}};
    try {
      act();
    } catch (const Shortcoming& shortcoming) {
      result = {name, Outcome::failed, shortcoming.what};
    } catch (const WorkerFailure& failure) {
      if (failure.status == Status::interrupted) throw;
      const bool is_unsupported = failure.status == Status::unsupported;
      result = {name, is_unsupported ? Outcome::unsupported : Outcome::failed,
                (is_unsupported ? "" : to_string(failure.status) + ": ") + failure.what()};
    }
    results_.push_back(result);
    if (on_result_) on_result_(result);
    return result.outcome == Outcome::passed;
  }

  WorkerSession start() const { return WorkerSession(worker_); }

  Hello say_hello() const {
    WorkerSession session = start();
    const Hello hello = session.hello(patience_);
    if (hello.implementations.empty()) throw Shortcoming{"it offers no implementation"};
    for (const ImplementationInfo& implementation : hello.implementations) {
      if (!implementation.name.starts_with(hello.library + "/"))
        throw Shortcoming{fmt::format("implementation '{}' does not start with its library, '{}/'",
                                      implementation.name, hello.library)};
      for (const std::string& dtype : implementation.dtypes) {
        const std::vector<std::string> known = known_dtypes();
        if (std::find(known.begin(), known.end(), dtype) == known.end())
          throw Shortcoming{fmt::format("implementation '{}' has dtype '{}', expected one of {}",
                                        implementation.name, printable(dtype), fmt::join(known, ", "))};
      }
    }
    session.memory(patience_);
    return hello;
  }

  void unknown_request() const {
    WorkerSession session = start();
    const std::string reply = session.exchange(R"({"id": 4711, "request": "sing"})", patience_);
    const auto json = nlohmann::json::parse(reply, nullptr, false);
    const bool is_right = json.is_object() && json.contains("id") && json["id"] == 4711 &&
                          json.contains("error") && json["error"].is_object() &&
                          json["error"].contains("kind") && json["error"]["kind"] == "bad-request";
    if (!is_right)
      throw Shortcoming{"expected an error of kind bad-request with id 4711, got " + in_quotes(reply)};
    session.hello(patience_);
  }

  // act() must throw an error reply after which the session goes on.
  template <typename Act>
  void expect_error(WorkerSession& session, const char* request, const Act& act) const {
    try {
      act();
    } catch (const WorkerFailure& failure) {
      if (!failure.is_session_usable) throw;
      session.hello(patience_);
      return;
    }
    throw Shortcoming{fmt::format("'{}' gave a result, expected an error", request)};
  }

  void unknown_implementation() const {
    WorkerSession session = start();
    Case unknown;
    unknown.workload = conformance_workloads().front();
    unknown.implementation = "nobody/nothing";
    expect_error(session, "prepare", [&] { session.prepare(unknown, directory_, patience_); });
  }

  void unprepared() const {
    WorkerSession session = start();
    expect_error(session, "check", [&] { session.check(directory_, patience_); });
    expect_error(session, "run", [&] { session.run(1, patience_); });
  }

  Case make_case(const ImplementationInfo& implementation, const std::string& dtype,
                 const Workload& workload) const {
    const auto& devices = implementation.devices;
    const bool has_cpu = std::find(devices.begin(), devices.end(), "cpu") != devices.end();
    Case a_case;
    a_case.workload = workload;
    a_case.implementation = implementation.name;
    a_case.dtype = dtype;
    a_case.device = has_cpu ? "cpu" : devices.front();
    a_case.worker = worker_;
    return a_case;
  }

  void files_that_are_missing(const ImplementationInfo& implementation) {
    test(implementation.name + ": a problem without files is an error, and usable after it", [&] {
      WorkerSession session = start();
      const Case a_case =
          make_case(implementation, implementation.dtypes.front(), conformance_workloads().front());
      expect_error(session, "prepare",
                   [&] { session.prepare(a_case, directory_ / "nothing-here", patience_); });
    });
  }

  const ReferenceResults& reference(std::size_t index) {
    references_.resize(conformance_workloads().size());
    if (!references_[index])
      references_[index].emplace(conformance_workloads()[index], false, reference_,
                                 directory_ / fmt::format("reference-{}", index), 1);
    return *references_[index];
  }

  // One process for all workloads, so that each prepare has to replace the one before.
  void numbers(const ImplementationInfo& implementation, const std::string& dtype) {
    std::optional<WorkerSession> session;
    for (std::size_t i = 0; i < conformance_workloads().size(); ++i) {
      const ReferenceResults& expected = reference(i);
      const std::string name =
          fmt::format("{} {} {}", implementation.name, dtype, expected.checked_workload().name);
      const bool has_passed = test(name, [&] {
        if (!session) session.emplace(worker_);
        same_numbers(*session, make_case(implementation, dtype, expected.checked_workload()), expected);
      });
      if (!has_passed) session.reset();
    }
  }

  void same_numbers(WorkerSession& session, const Case& a_case, const ReferenceResults& expected) const {
    const std::filesystem::path directory = directory_ / "worker";
    const CheckResult result = check_case(session, a_case, expected, directory, patience_);
    if (!result.passed) throw Shortcoming{result.explanation};
    session.prepare(a_case, expected.problem(), patience_);
    const WorkerSession::Run run = session.run(steps, patience_);
    if (const auto fault = timing_fault(run, true)) throw Shortcoming{*fault};
    const double again = run.steps.front().loss;
    if (!(std::abs(again - expected.loss()) <= result.tolerance * std::abs(expected.loss())))
      throw Shortcoming{
          fmt::format("after a second prepare the first loss is {:.9g}, expected {:.9g}: it has to "
                      "start from the prepared parameters again",
                      again, expected.loss())};
    session.memory(patience_);
  }

  const WorkerCommand& worker_;
  const WorkerCommand& reference_;
  std::filesystem::path directory_;
  const std::function<void(const ConformanceResult&)>& on_result_;
  WorkerSession::Timeout patience_;
  std::vector<std::optional<ReferenceResults>> references_;
  std::vector<ConformanceResult> results_;
};

}  // namespace

std::string to_string(ConformanceResult::Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::unsupported:
      return "unsupported";
  }
  return "failed";
}

std::vector<ConformanceResult> run_conformance(const WorkerCommand& worker,
                                               const WorkerCommand& reference_worker,
                                               const std::filesystem::path& directory,
                                               const std::function<void(const ConformanceResult&)>& on_result,
                                               WorkerSession::Timeout patience) {
  return Suite(worker, reference_worker, directory, on_result, patience).run();
}

}  // namespace lstmbench
