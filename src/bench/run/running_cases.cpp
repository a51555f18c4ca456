#include "run/running_cases.h"

#include <algorithm>
#include <map>
#include <set>

#include "run/controls.h"
#include "run/measure_case.h"
#include "run/repeat_command.h"
#include "statistics/precision.h"
#include "statistics/summary.h"
#include "statistics/verdict.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

using Table = std::vector<std::size_t>;  // indices of its contenders

std::map<std::string, Table> tables_of(const std::vector<RunningCase>& cases) {
  std::map<std::string, Table> tables;
  for (std::size_t i = 0; i < cases.size(); ++i)
    if (cases[i].role == Role::contender && !cases[i].schedule.is_over)
      tables[table_of(cases[i].planned.a_case)].push_back(i);
  return tables;
}

std::vector<double> times_of(const RunningCase& running) {
  std::vector<double> times;
  for (const auto& [round, time] : running.medians) times.push_back(time);
  return times;
}

std::vector<PlannedCase> planned_of(const std::vector<RunningCase>& cases) {
  std::vector<PlannedCase> planned;
  for (const auto& running : cases) planned.push_back(running.planned);
  return planned;
}

void add_control(std::vector<RunningCase>& cases, std::size_t twin, std::int64_t run_id, ResultsFile& results,
                 const std::string& repeat) {
  RunningCase control = cases[twin];
  control.role = Role::control;
  control.schedule.twin = twin;
  CaseRecord record;
  record.a_case = control.planned.a_case;
  record.role = Role::control;
  record.estimated_step_s = control.planned.step_s;
  record.repeat_command = repeat;
  control.id = results.add_case(run_id, record);
  cases.push_back(std::move(control));
}

// Of the tables that have none yet.
void add_controls(std::vector<RunningCase>& cases, const RunOptions& options,
                  const std::vector<std::string>& case_arguments, std::int64_t run_id, ResultsFile& results) {
  std::set<std::string> has_control;
  for (const auto& running : cases)
    if (running.role == Role::control) has_control.insert(table_of(running.planned.a_case));
  std::vector<PlannedCase> contenders = planned_of(cases);
  for (std::size_t i = 0; i < cases.size(); ++i)
    if (cases[i].schedule.is_over || has_control.count(table_of(cases[i].planned.a_case)))
      contenders[i].status = Status::unsupported;  // not to be measured again
  for (const std::size_t twin : controlled_cases(contenders, options))
    add_control(cases, twin, run_id, results, repeat_command(cases[twin].planned.a_case, case_arguments));
}

bool is_table_precise(const std::vector<RunningCase>& cases, const Table& table, const RunOptions& options) {
  Table known;  // a case whose rounds do not fit into the budget keeps nobody waiting
  for (const std::size_t i : table)
    if (static_cast<int>(cases[i].medians.size()) >= least_default_rounds) known.push_back(i);
  if (known.size() < 2) return table.size() == 1 && known.size() == 1;  // nothing to be compared with
  const auto planned = planned_of(cases);
  const std::size_t reference = reference_of(planned, known, options.baseline,
                                             [&](std::size_t i) { return median(times_of(cases[i])); });
  const int needed = least_rounds_for_verdicts(
      comparisons_of(static_cast<int>(known.size()), how_chosen(planned, known, options.baseline)));
  return std::all_of(known.begin(), known.end(), [&](std::size_t i) {
    if (i == reference) return true;
    const auto ratios = paired_ratios(cases[i].medians, cases[reference].medians);
    return static_cast<int>(ratios.size()) >= needed && is_precise(ratios, options.precision);
  });
}

}  // namespace

std::vector<RunningCase> begin_cases(const Plan& plan, const RunOptions& options,
                                     const std::vector<std::string>& case_arguments, std::int64_t run_id,
                                     ResultsFile& results) {
  std::vector<RunningCase> cases;
  for (const auto& planned : plan.cases) {
    RunningCase running;
    running.planned = planned;
    CaseRecord record;
    record.a_case = planned.a_case;
    record.is_asked_for = planned.is_asked_for;
    record.estimated_step_s = planned.step_s;
    record.repeat_command = repeat_command(planned.a_case, case_arguments);
    running.id = results.add_case(run_id, record);
    const bool is_ok = planned.status == Status::ok;
    running.schedule.workload = planned.a_case.workload.name;
    running.schedule.round_s = is_ok ? estimated_round_s(planned.a_case, planned.step_s, options) : 0;
    running.schedule.is_over = !is_ok;
    if (!is_ok) results.set_status(running.id, planned.status, planned.problem);
    cases.push_back(std::move(running));
  }
  add_controls(cases, options, case_arguments, run_id, results);
  return cases;
}

std::vector<RunningCase> stored_cases(const StoredRun& stored, const RunOptions& options,
                                      const std::vector<std::string>& case_arguments, ResultsFile& results) {
  std::vector<RunningCase> cases;
  for (const auto* list : {&stored.cases, &stored.controls})
    for (const auto& known : *list) {
      RunningCase running;
      running.planned.a_case = known.record.a_case;
      running.planned.is_asked_for = known.record.is_asked_for;
      running.planned.step_s = known.record.estimated_step_s;
      running.role = known.record.role;
      running.id = known.id;
      running.medians = round_medians(known);
      running.schedule.workload = known.record.a_case.workload.name;
      running.schedule.round_s =
          estimated_round_s(known.record.a_case, known.record.estimated_step_s, options);
      for (const auto& [number, round] : known.rounds)
        if (round.status == Status::ok)
          running.schedule.round_s = static_cast<double>(round.elapsed_ns) * 1e-9;
      running.schedule.is_over = known.status != Status::ok;
      for (std::size_t i = 0; running.role == Role::control && i < cases.size(); ++i)
        if (is_same_case(cases[i].planned.a_case, known.record.a_case)) running.schedule.twin = i;
      cases.push_back(std::move(running));
    }
  add_controls(cases, options, case_arguments, stored.run.id, results);
  return cases;
}

void end_precise_tables(std::vector<RunningCase>& cases, const RunOptions& options) {
  if (options.rounds || options.precision <= 0) return;
  for (const auto& [name, table] : tables_of(cases))
    if (is_table_precise(cases, table, options))
      for (const std::size_t i : table) cases[i].schedule.is_over = true;
}

}  // namespace lstmbench
