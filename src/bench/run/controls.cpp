#include "run/controls.h"

#include <algorithm>
#include <map>

#include "verdict/stored_medians.h"

namespace lstmbench {

std::size_t reference_of(const std::vector<PlannedCase>& cases, const std::vector<std::size_t>& table,
                         const std::string& baseline, const std::function<double(std::size_t)>& time_of) {
  std::vector<std::size_t> candidates;
  for (const std::size_t i : table)
    if (cases[i].a_case.implementation == baseline) candidates.push_back(i);
  if (candidates.empty()) candidates = table;
  return *std::min_element(candidates.begin(), candidates.end(),
                           [&](std::size_t a, std::size_t b) { return time_of(a) < time_of(b); });
}

Reference how_chosen(const std::vector<PlannedCase>& cases, const std::vector<std::size_t>& table,
                     const std::string& baseline) {
  const auto named = std::count_if(table.begin(), table.end(),
                                   [&](std::size_t i) { return cases[i].a_case.implementation == baseline; });
  return named == 1 ? Reference::named : Reference::fastest;
}

std::vector<std::size_t> controlled_cases(const std::vector<PlannedCase>& cases, const RunOptions& options) {
  // One round, and the original's protocol, leave nothing to be judged.
  if (options.controls == Controls::none || options.protocol == Protocol::seed || options.rounds == 1)
    return {};
  std::map<std::string, std::vector<std::size_t>> tables;
  for (std::size_t i = 0; i < cases.size(); ++i)
    if (cases[i].status == Status::ok) tables[table_of(cases[i].a_case)].push_back(i);
  std::vector<std::size_t> controlled;
  for (const auto& [name, table] : tables) {
    if (options.controls == Controls::every_case)
      controlled.insert(controlled.end(), table.begin(), table.end());
    else if (table.size() > 1)  // else nothing is compared
      controlled.push_back(
          reference_of(cases, table, options.baseline, [&](std::size_t i) { return cases[i].step_s; }));
  }
  return controlled;
}

}  // namespace lstmbench
