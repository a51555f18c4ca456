#include "statistics/rank_sum.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

#include "statistics/summary.h"

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

TEST(RankSum, TheLeastIsThatOfSetsApart) {
  EXPECT_NEAR(least_rank_sum_p(2, 3), rank_sum_p(Values{1, 2}, Values{3, 4, 5}), 1e-12);
  EXPECT_NEAR(least_rank_sum_p(6, 6), 2 / 924.0, 1e-12);
  EXPECT_DOUBLE_EQ(least_rank_sum_p(0, 6), 1);
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

// The first of 1 .. size, shifted so that so many pairs have the larger value in the second set.
struct TwoSets {
  Values first, second;
};
TwoSets sets_with(int size, int pairs) {
  TwoSets sets;
  for (int i = 1; i <= size; ++i) sets.first.push_back(2.0 * i);
  // Each second value lies above so many of the first.
  for (int i = 0; i < size; ++i) sets.second.push_back(2.0 * (pairs / size + (i < pairs % size)) + 1);
  for (double& value : sets.second) value += 1e-6 * static_cast<double>(&value - sets.second.data());
  return sets;
}

// Exact: twice the sum of the coefficients of the Gaussian binomial (120 over 60), divided by (120 over 60).
TEST(RankSum, TheApproximationIsWithinAFewPercentOfTheExactTest) {
  for (const auto& [pairs, exact] :
       {std::pair(1300, 0.008417142677629658), std::pair(1400, 0.03567765818640037),
        std::pair(1600, 0.2962134709463873)}) {
    const auto [first, second] = sets_with(60, pairs);
    EXPECT_NEAR(rank_sum_p(first, second), exact, 0.05 * exact) << pairs;
    EXPECT_NEAR(rank_sum_p(second, first), exact, 0.05 * exact) << pairs;
  }
}

TEST(RankSum, TiesLessenTheVarianceOfTheApproximation) {
  Values first(60, 1.0), second(60, 1.0);
  for (int i = 0; i < 6; ++i) second[static_cast<std::size_t>(i)] = 2;
  // U = 1980 of 3600; 114 values are equal, and 6: z = 179.5 / sqrt(300 (121 - (114^3 - 114 + 6^3 - 6) /
  // 14280))
  EXPECT_NEAR(rank_sum_p(first, second), 0.0125716505563, 1e-12);
}

TEST(RankSum, TheIntervalOfManyValuesIsBetweenTheQuotientsOfTheApproximation) {
  Values ones(60, 1.0), rising;
  for (int i = 1; i <= 60; ++i) rising.push_back(i);
  // Each value of the second set is 60 quotients; exactly 1427 lie outside on each side: the 24th and the
  // 37th.
  const UnpairedRatio result = unpaired_ratio(ones, rising);
  EXPECT_DOUBLE_EQ(result.ratio, 30.5);
  EXPECT_DOUBLE_EQ(result.interval->low, 24);
  EXPECT_DOUBLE_EQ(result.interval->high, 37);
}

TEST(RankSum, EveryValueCounts) {
  Values first(400, 1.0), second(200, 1.0);
  second.resize(400, 2.0);
  EXPECT_LT(rank_sum_p(first, second), 1e-9);
  EXPECT_DOUBLE_EQ(unpaired_ratio(Values(300, 1.0), Values(300, 3.0)).interval->high, 3);
}

TEST(RankSum, QuotientsAreThoseOfAllPairs) {
  std::mt19937 generator(5);
  std::lognormal_distribution<double> noise(0, 0.3);
  for (const auto& [m, n] : {std::pair(1, 1), std::pair(4, 7), std::pair(31, 90)}) {
    Values a, b, quotients;
    for (int i = 0; i < m; ++i) a.push_back(noise(generator));
    for (int i = 0; i < n; ++i) b.push_back(noise(generator));
    for (const double x : a)
      for (const double y : b) quotients.push_back(y / x);
    EXPECT_DOUBLE_EQ(unpaired_ratio(a, b).ratio, median(quotients));
  }
}

TEST(RankSum, ManyValuesStayQuick) {
  EXPECT_GT(rank_sum_p(Values(100'000, 1.0), Values(100'000, 1.0)), 0.99);
  EXPECT_DOUBLE_EQ(unpaired_ratio(Values(100'000, 1.0), Values(100'000, 2.0)).ratio, 2);
}

}  // namespace
}  // namespace lstmbench
