// From what was asked for to the list of cases.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "case/case.h"
#include "run/discovery.h"
#include "run/options.h"

namespace lstmbench {

// Something named on the command line does not exist; the message is one line and names the nearest that
// does.
struct UnknownName : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

struct PlannedCase {
  Case a_case;
  bool is_asked_for = false;  // by its full name: its not running is an error then
  double step_s = 0;          // estimated
  // Why it cannot run at all; status says in what way. Only cases that were asked for are kept with a
  // problem.
  Status status = Status::ok;
  std::string problem;
};

struct Plan {
  std::vector<Workload> workloads;
  std::vector<PlannedCase> cases;     // by workload, then in the order of discovery
  std::vector<std::string> left_out;  // for people: what the default selection leaves out and why
  std::vector<std::string> notes;     // for people: what workers say of dtypes that will be run
};

// The built-in workloads and the user's.
std::vector<Workload> known_workloads(const Configuration& configuration);

// Throws UnknownName.
std::vector<Workload> select_workloads(const std::vector<std::string>& names,
                                       const std::vector<Workload>& known);

// Names or globs: --workload, else those of the file's [[select]] tables; empty: the four of the original.
std::vector<std::string> workloads_asked_for(const RunOptions& options);

// Why the default selection leaves a case out whose step is expected to take so long; empty: it takes it.
std::string reason_to_leave_out(const Case& a_case, double step_s, double time_limit_s);

// Every case of the run. fp32_peak_gflops decides what the default selection thinks can finish a step within
// the time limit. Throws UnknownName.
Plan select_cases(const RunOptions& options, const std::vector<Workload>& known, const Discovery& discovery,
                  double fp32_peak_gflops);

}  // namespace lstmbench
