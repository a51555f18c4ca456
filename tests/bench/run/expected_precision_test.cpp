#include "run/expected_precision.h"

#include <gtest/gtest.h>

namespace lstmbench {
namespace {

Plan plan_of(const std::vector<double>& steps_s) {
  Plan plan;
  for (std::size_t i = 0; i < steps_s.size(); ++i) {
    PlannedCase planned;
    planned.a_case.workload.name = "w";
    planned.a_case.implementation = "a/" + std::to_string(i);
    planned.step_s = steps_s[i];
    plan.cases.push_back(planned);
  }
  return plan;
}

TEST(ExpectedPrecision, MoreTimeGivesNarrowerIntervals) {
  RunOptions options;
  options.precision = 0;
  options.budget_s = 60;
  const auto some = expected_precision(plan_of({0.1, 0.2}), options);
  options.budget_s = 600;
  const auto more = expected_precision(plan_of({0.1, 0.2}), options);
  ASSERT_EQ(more.size(), 1u);
  EXPECT_GT(more[0].rounds, 6);
  ASSERT_TRUE(more[0].half_width);
  EXPECT_LT(*more[0].half_width, some[0].half_width.value_or(1));
}

TEST(ExpectedPrecision, ManyRowsTakeMoreRoundsForVerdicts) {
  RunOptions options;
  options.budget_s = 1e6;
  const auto expected = expected_precision(plan_of(std::vector<double>(10, 0.1)), options);
  ASSERT_EQ(expected.size(), 1u);
  EXPECT_EQ(expected[0].rounds_for_verdicts, 11);
  EXPECT_GE(expected[0].rounds, 11);
  options.baseline = "a/0";
  EXPECT_EQ(expected_precision(plan_of(std::vector<double>(10, 0.1)), options)[0].rounds_for_verdicts, 9);
}

// Two cases that are alike and the control of one of them: three measurements a round.
TEST(ExpectedPrecision, ControlsTakeTheirTime) {
  RunOptions options;
  options.precision = 0;
  options.budget_s = 3000;
  options.most_rounds = most_rounds_of_a_budget;
  const int with_control = expected_precision(plan_of({0.2, 0.2}), options)[0].rounds;
  options.controls = Controls::none;
  const int without = expected_precision(plan_of({0.2, 0.2}), options)[0].rounds;
  EXPECT_NEAR(static_cast<double>(without) / with_control, 1.5, 0.1);
}

TEST(ExpectedPrecision, ATimeThatIsTooShortGivesNone) {
  RunOptions options;
  options.budget_s = 10;
  const auto expected = expected_precision(plan_of({5, 5}), options);
  ASSERT_EQ(expected.size(), 1u);
  EXPECT_EQ(expected[0].rounds, 1);
  EXPECT_FALSE(expected[0].half_width);
}

TEST(ExpectedPrecision, EndsWherePreciseEnoughAndKeepsRoundsThatWereAskedFor) {
  RunOptions options;
  options.budget_s = 1e6;
  options.precision = 0.5;
  EXPECT_EQ(expected_precision(plan_of({0.1, 0.2}), options)[0].rounds, 8);
  options.rounds = 3;
  EXPECT_EQ(expected_precision(plan_of({0.1, 0.2}), options)[0].rounds, 3);
  EXPECT_TRUE(expected_precision(plan_of({0.1}), options).empty());
}

}  // namespace
}  // namespace lstmbench
