#include "statistics/balanced_order.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace lstmbench {
namespace {

TEST(BalancedOrder, EveryPlaceAndEveryPredecessorEquallyOften) {
  for (std::size_t count = 2; count <= 9; ++count) {
    const int rows = static_cast<int>(count % 2 == 0 ? count : 2 * count);
    std::map<std::pair<std::size_t, std::size_t>, int> at, after;  // (case, place), (case, the one before it)
    for (int round = 1; round <= rows; ++round) {
      const auto order = balanced_order(count, round);
      ASSERT_EQ(std::set<std::size_t>(order.begin(), order.end()).size(), count);
      for (std::size_t place = 0; place < count; ++place) {
        ++at[{order[place], place}];
        if (place > 0) ++after[{order[place], order[place - 1]}];
      }
    }
    EXPECT_EQ(at.size(), count * count);
    EXPECT_EQ(after.size(), count * (count - 1));
    for (const auto& [what, times] : at) EXPECT_EQ(times, rows / static_cast<int>(count)) << count;
    for (const auto& [what, times] : after) EXPECT_EQ(times, rows / static_cast<int>(count)) << count;
  }
}

TEST(BalancedOrder, SmallOnesAreTrivial) {
  EXPECT_TRUE(balanced_order(0, 1).empty());
  EXPECT_EQ(balanced_order(1, 7), std::vector<std::size_t>{0});
}

}  // namespace
}  // namespace lstmbench
