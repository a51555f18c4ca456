#include "statistics/precision.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "statistics/summary.h"

namespace lstmbench {
namespace {

TEST(Precision, ExpectedHalfWidthIsThatOfManySamples) {
  EXPECT_FALSE(expected_half_width(5, 0.03));
  std::mt19937 generator(1);
  std::normal_distribution<double> noise(1, 0.03);
  for (const int rounds : {6, 11, 30}) {
    std::vector<double> widths;
    for (int repeat = 0; repeat < 4000; ++repeat) {
      std::vector<double> ratios;
      for (int i = 0; i < rounds; ++i) ratios.push_back(noise(generator));
      const auto interval = median_interval(ratios);
      widths.push_back((interval->high - interval->low) / 2);
    }
    EXPECT_NEAR(*expected_half_width(rounds, 0.03), mean(widths), 0.001) << rounds;
  }
}

TEST(Precision, RoundsEndWhereTheIntervalIsNarrow) {
  std::vector<double> ratios(7, 1.5);
  EXPECT_FALSE(is_precise(ratios, 0.01));  // seven rounds are never looked at
  ratios.push_back(1.5);
  EXPECT_TRUE(is_precise(ratios, 0.01));
  ratios[0] = 1.4;
  ratios[1] = 1.6;
  EXPECT_FALSE(is_precise(ratios, 0.01));
  EXPECT_TRUE(is_precise(ratios, 0.1));
  EXPECT_FALSE(is_precise({}, 0.1));
}

TEST(Precision, NoisierMachinesNeedMoreRounds) {
  EXPECT_EQ(rounds_until_precise(0.02, 0.001, 1, 40), 8);
  EXPECT_EQ(rounds_until_precise(0.02, 0.001, 11, 40), 12);
  EXPECT_GT(rounds_until_precise(0.02, 0.03, 1, 40), 8);
  EXPECT_EQ(rounds_until_precise(0.02, 1, 1, 40), 40);
}

}  // namespace
}  // namespace lstmbench
