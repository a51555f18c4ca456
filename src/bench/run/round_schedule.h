// Which cases a round takes, and in what order.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace lstmbench {

struct ScheduledCase {
  std::string workload;
  double round_s = 0;                    // what a round of it takes, measured or estimated
  bool is_over = false;                  // did not end OK, or is known precisely enough: not repeated
  std::optional<std::size_t> twin = {};  // of a control: the case that it is the control of
};

// Indices of the cases of a round (from 1): those of one workload one after the other, because they are
// compared with one another, in balanced order (statistics/balanced_order.h). A control whose case is over is
// over.
std::vector<std::size_t> order_of_round(const std::vector<ScheduledCase>& cases, int round);

// Of an order, the cases that fit into so many seconds, cheapest first taken; order kept. A workload's cases
// are compared within rounds, so that one that would stand alone in its workload is left out unless it is the
// only one. A control is taken only with its case.
std::vector<std::size_t> that_fit(const std::vector<std::size_t>& order,
                                  const std::vector<ScheduledCase>& cases, double seconds);

}  // namespace lstmbench
