// The conformance suite: does a program speak the worker protocol, and compute the right numbers?
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "case/case.h"
#include "process/worker_session.h"

namespace lstmbench {

struct ConformanceResult {
  enum class Outcome { passed, failed, unsupported };
  std::string test;  // "hello", "native/basic: gradients of ce-1x7", ...
  Outcome outcome = Outcome::passed;
  std::string explanation;  // why it failed or is unsupported; empty where it passed
};

// "passed", "failed", "unsupported".
std::string to_string(ConformanceResult::Outcome outcome);

// Runs every test on the worker, a fresh process for each implementation and each way to end, and reports
// each test as it ends. The reference worker (native/reference) gives the numbers to compare with; files go
// below `directory`; each request may take as long as `patience`. Never throws for what the worker does;
// throws WorkerFailure where the reference fails or the user interrupts.
std::vector<ConformanceResult> run_conformance(
    const WorkerCommand& worker, const WorkerCommand& reference_worker,
    const std::filesystem::path& directory,
    const std::function<void(const ConformanceResult&)>& on_result = {},
    WorkerSession::Timeout patience = std::chrono::minutes(2));

}  // namespace lstmbench
