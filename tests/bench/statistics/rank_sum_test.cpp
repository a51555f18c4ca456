#include "statistics/rank_sum.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace lstmbench {
namespace {

using Values = std::vector<double>;

// R: wilcox.test(a, b, conf.int = TRUE)
TEST(RankSum, IsRs) {
  const Values a{1.1, 2.2, 3.3, 4.4, 5.5}, b{6.1, 7.2, 8.3, 9.4, 10.5};
  EXPECT_NEAR(rank_sum_p(a, b), 2 / 252.0, 1e-12);  // all of b above all of a: 2 / choose(10, 5)
  EXPECT_NEAR(rank_sum_p(b, a), 2 / 252.0, 1e-12);
  EXPECT_NEAR(rank_sum_p(Values{1, 3}, Values{2, 4}), 2 * 2 / 6.0, 1e-12);  // U = 1
  EXPECT_DOUBLE_EQ(rank_sum_p(Values{1, 4}, Values{2, 3}), 1);
  EXPECT_DOUBLE_EQ(rank_sum_p(Values{}, Values{2, 3}), 1);
}

TEST(RankSum, FewValuesGiveNoInterval) {
  EXPECT_FALSE(unpaired_ratio(Values{1, 1}, Values{2, 2}).interval);
  EXPECT_DOUBLE_EQ(unpaired_ratio(Values{1, 1}, Values{2, 2}).ratio, 2);
}

TEST(RankSum, TheIntervalHoldsTheTruth) {
  std::mt19937 generator(3);
  std::lognormal_distribution<double> noise(0, 0.1);
  int covered = 0;
  constexpr int experiments = 2000;
  for (int e = 0; e < experiments; ++e) {
    Values a, b;
    for (int i = 0; i < 8; ++i) a.push_back(noise(generator));
    for (int i = 0; i < 12; ++i) b.push_back(1.2 * noise(generator));
    const auto interval = *unpaired_ratio(a, b).interval;
    covered += interval.low <= 1.2 && 1.2 <= interval.high;
  }
  EXPECT_GE(covered, 0.94 * experiments);
}

TEST(RankSum, ManyValuesStayQuick) {
  EXPECT_GT(rank_sum_p(Values(5000, 1.0), Values(5000, 1.0)), 0.99);
}

}  // namespace
}  // namespace lstmbench
