#include "run/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "check/check.h"
#include "peers/library.h"
#include "run/cost_model.h"
#include "run/glob.h"
#include "workload/builtin.h"
#include "workload/nearest.h"

namespace lstmbench {
namespace {

template <typename Value>
bool contains(const std::vector<Value>& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Whether it was not there.
template <typename Value>
bool add_once(std::vector<Value>& values, const Value& value) {
  if (contains(values, value)) return false;
  values.push_back(value);
  return true;
}

// In their order: what is named twice is measured once.
template <typename Value>
std::vector<Value> each_once(const std::vector<Value>& values) {
  std::vector<Value> result;
  for (const auto& value : values) add_once(result, value);
  return result;
}

bool is_matched(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const auto& pattern) { return matches_glob(pattern, name); });
}

[[noreturn]] void refuse(const std::string& what, const std::string& name,
                         const std::vector<std::string>& known) {
  if (is_glob(name)) throw UnknownName(fmt::format("no {} matches '{}' (see `lstmbench list`)", what, name));
  throw UnknownName(
      fmt::format("unknown {} '{}'{} (see `lstmbench list`)", what, name, did_you_mean(name, known)));
}

// Of XLA's program for keras.layers.LSTM: with 100 steps it is the faster one, with 1000 it takes three times
// as long.
constexpr int xla_steps = 300;

std::string library_of(const std::string& implementation) {
  return implementation.substr(0, implementation.find('/'));
}

// What takes the implementations of a workload: --implementation, else the file's [[select]] tables. Empty:
// the default selection does.
std::vector<Selection> selections_of(const RunOptions& options, const Workload& workload) {
  if (!options.implementations.empty()) return {{{workload.name}, options.implementations, {}}};
  std::vector<Selection> own;
  for (const auto& selection : options.selections)
    if (is_matched(selection.workloads, workload.name)) own.push_back(selection);
  return own;
}

bool takes_version(const Selection& selection, const std::string& version) {
  return selection.versions.empty() || is_matched(selection.versions, version);
}

bool takes(const std::vector<Selection>& selections, const Implementation& implementation) {
  return std::any_of(selections.begin(), selections.end(), [&](const Selection& selection) {
    return is_matched(selection.implementations, implementation.name) &&
           takes_version(selection, implementation.version);
  });
}

// By its whole name, not by a pattern.
bool is_named(const std::vector<Selection>& selections, const Implementation& implementation) {
  return std::any_of(selections.begin(), selections.end(), [&](const Selection& selection) {
    return contains(selection.implementations, implementation.name) &&
           takes_version(selection, implementation.version);
  });
}

bool is_default_selection(const RunOptions& options) {
  return options.implementations.empty() && options.selections.empty();
}

bool is_unavailable(const DiscoveredWorker& worker, const std::string& implementation) {
  return !worker.hello && worker.command.name == library_of(implementation);
}

// Of a library that takes part only once it was added.
void require_installed(const std::string& implementation, const Discovery& discovery) {
  const PeerLibrary* library = library_of_worker(library_of(implementation));
  const bool is_there =
      !library || std::any_of(discovery.workers.begin(), discovery.workers.end(),
                              [&](const auto& worker) { return worker.command.name == library->worker; });
  if (!is_there)
    throw UnknownName(fmt::format("'{}': {} is not installed; `lstmbench peers add {}` installs it",
                                  implementation, library->name, library->name));
}

void require_known(const RunOptions& options, const Discovery& discovery) {
  std::vector<std::string> names;
  for (const auto& implementation : discovery.implementations) names.push_back(implementation.name);
  auto asked = options.implementations;
  if (asked.empty())
    for (const auto& selection : options.selections)
      asked.insert(asked.end(), selection.implementations.begin(), selection.implementations.end());
  if (is_glob(options.baseline))
    throw UnknownName(fmt::format("--baseline is one implementation, not a pattern: '{}'", options.baseline));
  const auto require = [&](const std::string& name, const std::string& what) {
    const bool is_known =
        std::any_of(names.begin(), names.end(), [&](const auto& n) { return matches_glob(name, n); });
    const bool is_missing = std::any_of(discovery.workers.begin(), discovery.workers.end(),
                                        [&](const auto& worker) { return is_unavailable(worker, name); });
    if (is_known || is_missing) return;
    require_installed(name, discovery);
    refuse(what, name, names);
  };
  for (const auto& name : asked) require(name, "implementation");
  if (!options.baseline.empty()) require(options.baseline, "implementation of --baseline");
}

PlannedCase plan_case(const Workload& workload, const Implementation& implementation,
                      const std::string& dtype, int threads, const RunOptions& options, double peak) {
  PlannedCase planned;
  planned.a_case = {workload, implementation.name,  implementation.version, dtype, options.device,
                    threads,  implementation.worker};
  planned.is_asked_for = is_named(selections_of(options, workload), implementation);
  planned.step_s = estimated_step_s(planned.a_case, peak);
  const auto& info = implementation.info;
  const auto missing = [&](const char* what, const std::string& value, const std::vector<std::string>& has) {
    planned.status = Status::unsupported;
    planned.problem =
        fmt::format("{} {} is not among those of {}: {}", what, value, info.name, fmt::join(has, ", "));
  };
  if (!contains(info.dtypes, dtype)) {
    missing("dtype", dtype, info.dtypes);
  } else if (!contains(known_dtypes(), dtype)) {
    planned.status = Status::unsupported;
    planned.problem = fmt::format("dtype {} is offered by {}, but none that can be checked: {}", dtype,
                                  info.name, fmt::join(known_dtypes(), ", "));
  }
  if (!contains(info.devices, options.device)) {
    missing("device", options.device, info.devices);
  } else if (!info.unavailable.empty()) {
    planned.status = Status::unsupported;
    planned.problem = info.unavailable;
  }
  return planned;
}

// What the default selection leaves out, by reason.
struct LeftOut {
  std::vector<std::string> implementations, workloads;
};
using LeftOutByReason = std::map<std::string, LeftOut>;

// What was asked for by name and has no worker is a row, too.
void add_unavailable(const Workload& workload, const std::string& dtype, int threads,
                     const RunOptions& options, const Discovery& discovery, Plan& plan) {
  std::vector<std::string> added;
  for (const auto& selection : selections_of(options, workload))
    for (const auto& name : selection.implementations) {
      if (is_glob(name)) continue;
      for (const auto& worker : discovery.workers) {
        if (!is_unavailable(worker, name) || !takes_version(selection, worker.command.version)) continue;
        if (!add_once(added, name + " " + worker.command.version)) continue;
        PlannedCase planned;
        planned.a_case = {workload,       name,    worker.command.version, dtype,
                          options.device, threads, worker.command};
        planned.is_asked_for = true;
        planned.status = Status::failed;
        planned.problem =
            fmt::format("the worker '{}' is not available: {}", worker.command.name, worker.problem);
        plan.cases.push_back(std::move(planned));
      }
    }
}

void select_for(const Workload& workload, const std::string& dtype, int threads, const RunOptions& options,
                const Discovery& discovery, double peak, Plan& plan, LeftOutByReason& left_out) {
  const auto selections = selections_of(options, workload);
  const bool is_default = is_default_selection(options);
  for (const auto& implementation : discovery.implementations) {
    if (options.leaves_out_peers && library_of(implementation.name) != "native") continue;
    if (!is_default && !takes(selections, implementation) && implementation.name != options.baseline)
      continue;
    if (options.dtypes.empty() && !contains(implementation.info.dtypes, dtype)) continue;
    PlannedCase planned = plan_case(workload, implementation, dtype, threads, options, peak);
    // Who asks for another device than the CPU is told why an implementation does not run there, and a worker
    // that offers a dtype of its own why that is not measured.
    const bool is_told = contains(implementation.info.devices, options.device) &&
                         contains(implementation.info.dtypes, dtype) &&
                         (options.device != "cpu" || !contains(known_dtypes(), dtype));
    if (planned.status != Status::ok && !planned.is_asked_for && !is_told) continue;
    if (is_default) {
      const std::string reason = reason_to_leave_out(planned.a_case, planned.step_s, options.time_limit_s);
      if (!reason.empty()) {
        add_once(left_out[reason].implementations, implementation.name);
        add_once(left_out[reason].workloads, workload.name);
        continue;
      }
    }
    if (const auto note = implementation.info.notes.find(dtype);
        note != implementation.info.notes.end() && planned.status == Status::ok)
      add_once(plan.notes, fmt::format("{} {}: {}", implementation.name, dtype, note->second));
    plan.cases.push_back(std::move(planned));
  }
  add_unavailable(workload, dtype, threads, options, discovery, plan);
}

// Two workers may offer the same, but results could not tell them apart.
void require_different_cases(const Plan& plan) {
  std::map<std::string, const PlannedCase*> known;
  for (const auto& planned : plan.cases) {
    const Case& a_case = planned.a_case;
    const auto [other, is_new] = known.emplace(a_case.id(), &planned);
    if (!is_new)
      throw std::invalid_argument(fmt::format(
          "the workers '{}' and '{}' both offer {} {}: one run holds each implementation and version once; "
          "rename one, or take it out of the configuration file",
          other->second->a_case.worker.name, a_case.worker.name, a_case.implementation, a_case.version));
  }
}

// Those asked for, else all that any implementation has.
std::vector<std::string> dtypes_of(const RunOptions& options, const Discovery& discovery) {
  std::vector<std::string> dtypes = each_once(options.dtypes);
  if (dtypes.empty())
    for (const auto& implementation : discovery.implementations)
      for (const auto& dtype : implementation.info.dtypes) add_once(dtypes, dtype);
  return dtypes;
}

}  // namespace

std::vector<Workload> known_workloads(const Configuration& configuration) {
  const auto builtin = builtin_workloads();
  std::vector<Workload> known(builtin.begin(), builtin.end());
  known.insert(known.end(), configuration.workloads.begin(), configuration.workloads.end());
  return known;
}

std::vector<Workload> select_workloads(const std::vector<std::string>& names,
                                       const std::vector<Workload>& known) {
  std::vector<std::string> known_names;
  for (const auto& workload : known) known_names.push_back(workload.name);
  for (const auto& name : names)
    if (std::none_of(known_names.begin(), known_names.end(),
                     [&](const auto& n) { return matches_glob(name, n); }))
      refuse("workload", name, known_names);
  std::vector<Workload> selected;
  for (const auto& workload : known) {
    const bool is_default = workload.source == "built in" && !workload.pads;
    if (names.empty() ? is_default : is_matched(names, workload.name)) selected.push_back(workload);
  }
  return selected;
}

std::vector<std::string> workloads_asked_for(const RunOptions& options) {
  if (!options.workloads.empty() || !options.implementations.empty()) return options.workloads;
  std::vector<std::string> names;
  for (const auto& selection : options.selections)
    names.insert(names.end(), selection.workloads.begin(), selection.workloads.end());
  return names;
}

std::string reason_to_leave_out(const Case& a_case, double step_s, double time_limit_s) {
  const std::string& name = a_case.implementation;
  const Workload& workload = a_case.workload;
  if (name == "native/reference") return "the judge, not a contender";
  if (matches_glob("pytorch/LSTMCell-*", name) && (workload.layers > 1 || workload.directions > 1))
    return "a Python loop over several layers is slow";
  if (name == "pytorch/LSTMCell-compiled" || name == "pytorch/LSTMCell-scripted")
    return "compiled again in every fresh process, which takes long";
  if (name == "tensorflow/LSTM-xla" && workload.time_steps > xla_steps)
    return "over many steps it takes several times as long as tensorflow/LSTM";
  if (name == "pytorch/lstm_engine") return "native/sequence called from PyTorch";
  if (name == "pytorch/LSTM-flipped@tuned" && workload.has_equal_lengths())
    return "the same as pytorch/LSTM@tuned where lengths are equal";
  if (!workload.has_equal_lengths() &&
      (name == "pytorch/LSTM" || name == "pytorch/LSTM@tuned" || matches_glob("onednn/*", name)))
    return "without lengths it would compute something else";
  if (matches_glob("native/*", name) && step_s > time_limit_s)
    return fmt::format("a step would take longer than the limit of {}", format_duration(time_limit_s));
  return "";
}

Plan select_cases(const RunOptions& options, const std::vector<Workload>& known, const Discovery& discovery,
                  double fp32_peak_gflops) {
  Plan plan;
  plan.workloads = select_workloads(workloads_asked_for(options), known);
  require_known(options, discovery);
  LeftOutByReason left_out;
  for (const auto& workload : plan.workloads)
    for (const auto& dtype : dtypes_of(options, discovery))
      for (const int threads : each_once(options.threads))
        select_for(workload, dtype, threads, options, discovery, fp32_peak_gflops, plan, left_out);
  require_different_cases(plan);
  for (const auto& [reason, what] : left_out)
    plan.left_out.push_back(fmt::format("left out: {} on {} ({}); --implementation NAME runs it anyway",
                                        fmt::join(what.implementations, ", "),
                                        fmt::join(what.workloads, ", "), reason));
  return plan;
}

}  // namespace lstmbench
