#include "statistics/paired_ratio.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace lstmbench {
namespace {

std::vector<double> one_to(int n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(MedianInterval, FollowsTheTablesOfTheSignTest) {
  // Ranks of the 95 % interval of the median: n = 6: 1..6, 9: 2..8, 12: 3..10, 20: 6..15.
  const struct {
    int n;
    double low, high;
  } rows[] = {{6, 1, 6}, {8, 1, 8}, {9, 2, 8}, {12, 3, 10}, {20, 6, 15}};
  for (const auto& row : rows) {
    const auto interval = median_interval(one_to(row.n));
    ASSERT_TRUE(interval) << "n = " << row.n;
    EXPECT_EQ(interval->low, row.low) << "n = " << row.n;
    EXPECT_EQ(interval->high, row.high) << "n = " << row.n;
  }
}

TEST(MedianInterval, IsNotGivenForTooFewValues) {
  for (int n = 0; n < 6; ++n) EXPECT_FALSE(median_interval(one_to(n))) << "n = " << n;
  EXPECT_TRUE(median_interval(one_to(5), 0.9));
}

TEST(PairedRatio, DriftOfTheMachineCancels) {
  RoundMedians fast, slow;
  for (int round = 1; round <= 6; ++round) {
    fast[round] = 10.0 * round;  // the machine slows down sixfold
    slow[round] = 25.0 * round;
  }
  const auto result = paired_ratio(slow, fast);
  ASSERT_TRUE(result);
  EXPECT_DOUBLE_EQ(result->ratio, 2.5);
  ASSERT_TRUE(result->interval);
  EXPECT_DOUBLE_EQ(result->interval->low, 2.5);
  EXPECT_DOUBLE_EQ(result->interval->high, 2.5);
}

TEST(PairedRatio, UsesOnlyRoundsThatHaveBoth) {
  const auto result = paired_ratio({{1, 4.0}, {2, 100.0}}, {{1, 2.0}, {3, 1.0}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->rounds, 1);
  EXPECT_DOUBLE_EQ(result->ratio, 2.0);
  EXPECT_FALSE(result->interval);
  EXPECT_FALSE(paired_ratio({{1, 4.0}}, {{2, 4.0}}));
}

}  // namespace
}  // namespace lstmbench
