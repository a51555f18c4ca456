#include "verdict/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "bench/verdict/example_runs.h"

namespace lstmbench {
namespace {

// A machine that becomes 1 % slower with each round: pairs within a round do not see it, blocks do.
TEST(Calibration, DriftDeceivesBlocksAndNotPairs) {
  std::mt19937 generator(5);
  std::normal_distribution<double> noise(1, 0.003);
  std::vector<double> first, second;
  for (int round = 0; round < 30; ++round) {
    first.push_back(100 * std::pow(1.01, round) * noise(generator));
    second.push_back(100 * std::pow(1.01, round) * noise(generator));
  }
  const auto calibrations =
      calibrate(run_of({case_with_times(1, "a/b", first)}, {case_with_times(2, "a/b", second)}));
  ASSERT_EQ(calibrations.size(), 2u);  // of 6 and of 12 rounds
  EXPECT_EQ(calibrations[0].rounds, 6);
  EXPECT_EQ(calibrations[0].own.windows, 25);
  EXPECT_EQ(calibrations[0].own.disjoint, 5);
  EXPECT_EQ(calibrations[0].original.windows, 19);  // which need twice the rounds
  EXPECT_EQ(calibrations[0].original.disjoint, 2);
  EXPECT_EQ(calibrations[0].whole.relative.rounds, 30);
  EXPECT_EQ(calibrations[0].whole.verdict, Verdict::equivalent);
  for (const auto& calibration : calibrations) {
    EXPECT_LT(calibration.own.p95, 0.01);
    EXPECT_EQ(calibration.own.false_alarms, 0);
    EXPECT_GT(calibration.original.median, 0.05);
    EXPECT_EQ(calibration.original.false_alarms, 1);
  }
}

TEST(Calibration, NeedsTwiceTheRoundsAndAControl) {
  const auto a_case = case_with_times(1, "a/b", times_around(10, 11));
  EXPECT_TRUE(calibrate(run_of({a_case}, {case_with_times(2, "a/b", times_around(10, 11))})).empty());
  EXPECT_TRUE(calibrate(run_of({case_with_times(1, "a/b", times_around(10, 20))})).empty());
}

}  // namespace
}  // namespace lstmbench
