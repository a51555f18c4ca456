#include "run/expected_precision.h"

#include <algorithm>

#include "run/controls.h"
#include "run/measure_case.h"
#include "run/round_schedule.h"
#include "statistics/precision.h"
#include "statistics/verdict.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

struct PlannedTable {
  std::string name;
  std::vector<std::size_t> cases;  // that can run
  int rounds_for_verdicts = 0;     // nothing is compared where there are fewer than two cases
};

// In the plan's order.
std::vector<PlannedTable> tables_of(const Plan& plan, const RunOptions& options) {
  std::vector<PlannedTable> tables;
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    if (plan.cases[i].status != Status::ok) continue;
    const std::string name = table_of(plan.cases[i].a_case);
    auto table = std::find_if(tables.begin(), tables.end(), [&](const auto& t) { return t.name == name; });
    if (table == tables.end()) table = tables.insert(tables.end(), {name, {}, 0});
    table->cases.push_back(i);
  }
  for (auto& table : tables) {
    table.rounds_for_verdicts = least_rounds_for_verdicts(comparisons_of(
        static_cast<int>(table.cases.size()), how_chosen(plan.cases, table.cases, options.baseline)));
  }
  return tables;
}

// Rounds of each case of the plan, and of their controls behind them.
std::vector<int> play(const Plan& plan, const std::vector<PlannedTable>& tables, const RunOptions& options) {
  std::vector<ScheduledCase> cases;
  for (const auto& planned : plan.cases)
    cases.push_back({planned.a_case.workload.name, estimated_round_s(planned.a_case, planned.step_s, options),
                     planned.status != Status::ok});
  for (const std::size_t twin : controlled_cases(plan.cases, options)) {
    cases.push_back(cases[twin]);
    cases.back().twin = twin;
  }
  std::vector<int> rounds(cases.size());
  if (options.protocol == Protocol::seed) {
    for (std::size_t i = 0; i < cases.size(); ++i) rounds[i] = cases[i].is_over ? 0 : 1;
    return rounds;
  }
  // The table with the most rows takes the most rounds; the others' end is not played.
  int enough = options.most_rounds;
  if (options.precision > 0) {
    int least = 0;
    for (const auto& table : tables) least = std::max(least, table.rounds_for_verdicts);
    enough = rounds_until_precise(options.precision, typical_ratio_deviation, least, options.most_rounds);
  }
  double spent_s = 0;
  for (int round = 1; round <= options.rounds.value_or(enough); ++round) {
    auto order = order_of_round(cases, round);
    if (round > 1 && !options.rounds) order = that_fit(order, cases, options.budget_s - spent_s);
    if (order.empty()) break;
    for (const std::size_t i : order) {
      spent_s += cases[i].round_s;
      ++rounds[i];
    }
  }
  return rounds;
}

}  // namespace

std::vector<ExpectedPrecision> expected_precision(const Plan& plan, const RunOptions& options) {
  const auto tables = tables_of(plan, options);
  const auto rounds = play(plan, tables, options);
  std::vector<ExpectedPrecision> expected;
  for (const auto& table : tables) {
    std::vector<int> of_table;
    for (const std::size_t i : table.cases) of_table.push_back(rounds[i]);
    std::sort(of_table.rbegin(), of_table.rend());
    if (of_table.size() < 2 || of_table[1] == 0) continue;  // nothing is compared
    expected.push_back({table.name, of_table[1], table.rounds_for_verdicts,
                        expected_half_width(of_table[1], typical_ratio_deviation)});
  }
  return expected;
}

}  // namespace lstmbench
