#include "run/round_schedule.h"

#include <algorithm>
#include <map>
#include <set>

#include "statistics/balanced_order.h"

namespace lstmbench {

std::vector<std::size_t> order_of_round(const std::vector<ScheduledCase>& cases, int round) {
  std::vector<std::string> workloads;  // in the order of their first case
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].is_over || (cases[i].twin && cases[*cases[i].twin].is_over)) continue;
    auto& indices = members[cases[i].workload];
    if (indices.empty()) workloads.push_back(cases[i].workload);
    indices.push_back(i);
  }
  std::vector<std::size_t> order;
  for (const auto& workload : workloads) {
    const auto& indices = members[workload];
    for (const std::size_t i : balanced_order(indices.size(), round)) order.push_back(indices[i]);
  }
  return order;
}

std::vector<std::size_t> that_fit(const std::vector<std::size_t>& order,
                                  const std::vector<ScheduledCase>& cases, double seconds) {
  std::vector<std::size_t> cheapest = order;
  std::stable_sort(cheapest.begin(), cheapest.end(),
                   [&](std::size_t a, std::size_t b) { return cases[a].round_s < cases[b].round_s; });
  std::set<std::size_t> taken;
  std::map<std::string, int> taken_of, all_of;
  for (const std::size_t i : order)
    if (!cases[i].twin) ++all_of[cases[i].workload];
  for (const std::size_t i : cheapest) {
    if (cases[i].round_s > seconds) break;
    seconds -= cases[i].round_s;
    taken.insert(i);
    if (!cases[i].twin) ++taken_of[cases[i].workload];
  }
  std::vector<std::size_t> result;
  for (const std::size_t i : order)
    if (taken.count(i) && (!cases[i].twin || taken.count(*cases[i].twin)) &&
        (taken_of[cases[i].workload] > 1 || all_of[cases[i].workload] == 1))
      result.push_back(i);
  return result;
}

}  // namespace lstmbench
