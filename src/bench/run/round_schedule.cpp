#include "run/round_schedule.h"

#include <algorithm>
#include <map>
#include <set>

namespace lstmbench {

std::vector<std::size_t> order_of_round(const std::vector<ScheduledCase>& cases, int round) {
  std::vector<std::string> workloads;  // in the order of their first case
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].is_over) continue;
    auto& indices = members[cases[i].workload];
    if (indices.empty()) workloads.push_back(cases[i].workload);
    indices.push_back(i);
  }
  std::vector<std::size_t> order;
  for (const auto& workload : workloads) {
    auto& indices = members[workload];
    const auto first = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(round - 1) % indices.size());
    std::rotate(indices.begin(), indices.begin() + first, indices.end());
    order.insert(order.end(), indices.begin(), indices.end());
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
  for (const std::size_t i : order) ++all_of[cases[i].workload];
  for (const std::size_t i : cheapest) {
    if (cases[i].round_s > seconds) break;
    seconds -= cases[i].round_s;
    taken.insert(i);
    ++taken_of[cases[i].workload];
  }
  std::vector<std::size_t> result;
  for (const std::size_t i : order)
    if (taken.count(i) && (taken_of[cases[i].workload] > 1 || all_of[cases[i].workload] == 1))
      result.push_back(i);
  return result;
}

}  // namespace lstmbench
