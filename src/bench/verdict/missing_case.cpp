#include "verdict/missing_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "run/glob.h"
#include "run/selection.h"
#include "run/settings.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

bool is_matched(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const auto& pattern) { return matches_glob(pattern, name); });
}

template <typename Value>
bool contains(const std::vector<Value>& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// The option that leaves a case out; empty: none does.
std::string option_without(const RunOptions& options, const CaseRecord& record) {
  const Case& a_case = record.a_case;
  const bool is_default = options.workloads.empty() && options.implementations.empty();
  const bool is_default_workload = a_case.workload.source == "built in" && !a_case.workload.pads;
  if (options.workloads.empty() ? !is_default_workload : !is_matched(options.workloads, a_case.workload.name))
    return "--workload";
  if (!options.implementations.empty() && !is_matched(options.implementations, a_case.implementation) &&
      options.baseline != a_case.implementation)
    return "--implementation";
  if (!options.dtypes.empty() && !contains(options.dtypes, a_case.dtype)) return "--dtype";
  if (options.device != a_case.device) return "--device";
  if (!contains(options.threads, a_case.threads)) return "--threads";
  if (options.leaves_out_peers && a_case.worker.name != "native") return "--no-peers";
  if (is_default && !reason_to_leave_out(a_case, record.estimated_step_s, options.time_limit_s).empty())
    return "the default selection";
  return "";
}

std::string option_without(const StoredRun& run, const CaseRecord& record) {
  try {
    return option_without(read_settings(run.run.settings).options, record);
  } catch (const std::invalid_argument&) {
    return "";
  }
}

const LibraryRecord* unavailable_worker(const StoredRun& run, const Case& a_case) {
  for (const auto& library : run.libraries)
    if (!library.problem.empty() && library.worker.name == a_case.worker.name) return &library;
  return nullptr;
}

bool has_another_version(const StoredRun& run, const Case& a_case) {
  return std::any_of(run.cases.begin(), run.cases.end(), [&](const StoredCase& other) {
    return is_same_table(other.record.a_case, a_case) &&
           other.record.a_case.implementation == a_case.implementation;
  });
}

}  // namespace

MissingCase explain_missing(const StoredRun& later, const StoredCase& measured) {
  const Case& a_case = measured.record.a_case;
  if (const std::string option = option_without(later, measured.record); !option.empty())
    return {false, fmt::format("not asked for in the second run ({})", option)};
  if (const LibraryRecord* library = unavailable_worker(later, a_case))
    return {true, fmt::format("missing in the second run: its worker '{}' was not available: {}",
                              library->worker.name, library->problem)};
  if (has_another_version(later, a_case)) return {false, "not asked for in the second run (--versions)"};
  // What the runner notes of a case that leaves a run as UNSUPPORTED.
  const std::string start = fmt::format("{} does not run {}", a_case.implementation, a_case.workload.name);
  for (const auto& note : later.run.notes)
    if (note.starts_with(start)) return {true, "missing in the second run: " + note};
  return {true, "missing in the second run"};
}

}  // namespace lstmbench
