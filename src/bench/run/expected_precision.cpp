#include "run/expected_precision.h"

#include <algorithm>
#include <map>

#include "run/measure_case.h"
#include "run/round_schedule.h"
#include "statistics/precision.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

// Rounds of each case of the plan.
std::vector<int> play(const Plan& plan, const RunOptions& options) {
  std::vector<ScheduledCase> cases;
  for (const auto& planned : plan.cases)
    cases.push_back({planned.a_case.workload.name, estimated_round_s(planned.a_case, planned.step_s, options),
                     planned.status != Status::ok});
  std::vector<int> rounds(cases.size());
  if (options.protocol == Protocol::seed) {
    for (std::size_t i = 0; i < cases.size(); ++i) rounds[i] = cases[i].is_over ? 0 : 1;
    return rounds;
  }
  const int enough = options.precision > 0 ? rounds_until_precise(options.precision, typical_ratio_deviation,
                                                                  options.most_rounds)
                                           : options.most_rounds;
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
  const auto rounds = play(plan, options);
  std::vector<std::string> names;  // in the plan's order
  std::map<std::string, std::vector<int>> rounds_of;
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    auto& of_table = rounds_of[table_of(plan.cases[i].a_case)];
    if (of_table.empty()) names.push_back(table_of(plan.cases[i].a_case));
    of_table.push_back(rounds[i]);
  }
  std::vector<ExpectedPrecision> expected;
  for (const auto& name : names) {
    auto& of_table = rounds_of[name];
    std::sort(of_table.rbegin(), of_table.rend());
    if (of_table.size() < 2 || of_table[1] == 0) continue;  // nothing is compared
    expected.push_back({name, of_table[1], expected_half_width(of_table[1], typical_ratio_deviation)});
  }
  return expected;
}

}  // namespace lstmbench
