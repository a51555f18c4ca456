#include "statistics/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "statistics/sign_test.h"

namespace lstmbench {
namespace {

using Ratios = std::vector<double>;
using ::testing::DoubleNear;
using ::testing::ElementsAre;

Ratios around(double center, double spread, int rounds) {
  Ratios ratios;
  for (int i = 0; i < rounds; ++i) ratios.push_back(center + spread * (i - (rounds - 1) / 2.0));
  return ratios;
}

Judgement judged(const Ratios& ratios, std::size_t others = 0) {
  std::vector<Ratios> comparisons(others + 1, around(1, 0.2, 10));  // the others show nothing
  comparisons[0] = ratios;
  return *judge(comparisons)[0];
}

TEST(SignTest, IsTheBinomialsTail) {
  EXPECT_DOUBLE_EQ(sign_test_p(Ratios{2, 3, 4, 5, 6, 7}, 1), 2 / 64.0);
  EXPECT_DOUBLE_EQ(sign_test_p(Ratios{0.5, 3, 4, 5, 6, 7}, 1), 2 * 7 / 64.0);
  EXPECT_DOUBLE_EQ(sign_test_p(Ratios{0.5, 2}, 1), 1);
  EXPECT_DOUBLE_EQ(sign_test_p(Ratios{1, 1}, 1), 1);
  EXPECT_DOUBLE_EQ(sign_test_p(Ratios{}, 1), 1);
}

// The example of Holm's procedure in R's p.adjust: p = 0.01, 0.02, 0.03, 0.04 all become 0.04 to 0.06.
TEST(Holm, AdjustsInTheOrderGiven) {
  EXPECT_THAT(holm_adjusted(Ratios{0.03, 0.01, 0.04, 0.02}),
              ElementsAre(DoubleNear(0.06, 1e-12), DoubleNear(0.04, 1e-12), DoubleNear(0.06, 1e-12),
                          DoubleNear(0.06, 1e-12)));
  EXPECT_THAT(holm_adjusted(Ratios{0.9, 0.8}), ElementsAre(1, 1));
  EXPECT_TRUE(holm_adjusted(Ratios{}).empty());
  EXPECT_THAT(holm_adjusted(Ratios{0.02, 0.01}, 4),
              ElementsAre(DoubleNear(0.06, 1e-12), DoubleNear(0.04, 1e-12)));
}

TEST(Verdict, SaysWhatTheIntervalSays) {
  EXPECT_EQ(judged(around(1.3, 0.01, 8)).verdict, Verdict::slower);
  EXPECT_EQ(judged(around(0.7, 0.01, 8)).verdict, Verdict::faster);
  EXPECT_EQ(judged(around(1.001, 0.001, 8)).verdict, Verdict::equivalent);
  EXPECT_EQ(judged(around(1.02, 0.02, 8)).verdict, Verdict::inconclusive);
}

// Slower by a percent beyond doubt, and yet no difference that matters.
TEST(Verdict, ASmallDifferenceIsEquivalent) {
  EXPECT_EQ(judged(around(1.01, 0.0001, 12)).verdict, Verdict::equivalent);
}

TEST(Verdict, FewRoundsAreInconclusiveHoweverClear) {
  for (int rounds = 1; rounds < 6; ++rounds)
    EXPECT_EQ(judged(around(2, 0.001, rounds)).verdict, Verdict::inconclusive) << rounds;
  EXPECT_EQ(judged(around(2, 0.001, 6)).verdict, Verdict::slower);
}

TEST(Verdict, ManyComparisonsNeedMoreRounds) {
  EXPECT_EQ(judged(around(2, 0.001, 6), 8).verdict, Verdict::inconclusive);
  EXPECT_EQ(judged(around(2, 0.001, 9), 8).verdict, Verdict::slower);
  EXPECT_EQ(judged(around(1, 0.001, 6), 8).verdict, Verdict::inconclusive);
  EXPECT_EQ(judged(around(1, 0.001, 9), 8).verdict, Verdict::equivalent);
}

TEST(Verdict, AReferenceChosenByTheTimesMakesEveryPairAComparison) {
  EXPECT_EQ(comparisons_of(1, Reference::fastest), 0);
  EXPECT_EQ(comparisons_of(2, Reference::fastest), 1);
  EXPECT_EQ(comparisons_of(10, Reference::fastest), 45);
  EXPECT_EQ(comparisons_of(10, Reference::named), 9);
}

TEST(Verdict, IsPossibleFromTheLeastNumberOfRoundsOnAndNotBefore) {
  EXPECT_EQ(least_rounds_for_verdicts(0), 6);
  EXPECT_EQ(least_rounds_for_verdicts(1), 6);
  EXPECT_EQ(least_rounds_for_verdicts(45), 11);
  for (const int comparisons : {1, 2, 3, 6, 9, 45}) {
    const int enough = least_rounds_for_verdicts(comparisons);
    const auto verdict = [&](double center, int rounds) {
      return judge(std::vector<Ratios>{around(center, 0.0001, rounds)}, default_margin, comparisons)[0]
          ->verdict;
    };
    EXPECT_EQ(verdict(2, enough - 1), Verdict::inconclusive) << comparisons;
    EXPECT_EQ(verdict(1, enough - 1), Verdict::inconclusive) << comparisons;
    EXPECT_EQ(verdict(2, enough), Verdict::slower) << comparisons;
    EXPECT_EQ(verdict(1, enough), Verdict::equivalent) << comparisons;
  }
}

TEST(Verdict, AComparisonWithoutRoundsHasNone) {
  const auto judgements = judge(std::vector<Ratios>{{}, around(2, 0.001, 6)});
  EXPECT_FALSE(judgements[0]);
  ASSERT_TRUE(judgements[1]);  // and does not count among the comparisons
  EXPECT_EQ(judgements[1]->verdict, Verdict::slower);
}

TEST(Verdict, AControlThatDiffersMakesTheMachineUnfit) {
  EXPECT_TRUE(is_unfit(judged(around(1.1, 0.001, 8))));
  EXPECT_FALSE(is_unfit(judged(around(1.005, 0.0001, 8))));
  EXPECT_FALSE(is_unfit(judged(around(1, 0.1, 8))));
}

}  // namespace
}  // namespace lstmbench
