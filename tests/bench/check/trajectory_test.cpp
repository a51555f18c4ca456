#include "check/trajectory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace lstmbench {
namespace {

using testing::HasSubstr;

// A loss that falls as training does, with a relative deviation from `since` on.
Trajectory falling(const std::string& name, double deviation = 0, std::size_t since = 0,
                   const std::string& dtype = "fp32", std::size_t steps = 25) {
  Trajectory trajectory{name, dtype, {}};
  for (std::size_t step = 0; step < steps; ++step)
    trajectory.losses.push_back(2.3 * std::pow(0.97, static_cast<double>(step)) *
                                (step >= since ? 1 + deviation : 1));
  return trajectory;
}

std::vector<std::string> names(const std::vector<TrajectoryFault>& faults) {
  std::vector<std::string> result;
  for (const TrajectoryFault& fault : faults) result.push_back(fault.case_id);
  return result;
}

TEST(Trajectories, ThatAgreeHaveNoFault) {
  const Trajectory cases[] = {falling("a"), falling("b", 5e-6), falling("c", -5e-6),
                              falling("d", 5e-3, 0, "bf16"), falling("e", 0, 0, "fp32", 5)};
  EXPECT_TRUE(compare_trajectories(cases).empty());
  EXPECT_TRUE(compare_trajectories({}).empty());
}

TEST(Trajectories, TheOutlierIsNamedWithTheStep) {
  const Trajectory cases[] = {falling("a"), falling("b", 1e-2, 3), falling("c")};
  const auto faults = compare_trajectories(cases);
  ASSERT_EQ(names(faults), std::vector<std::string>{"b"});
  EXPECT_EQ(faults[0].step, 3u);
  EXPECT_EQ(faults[0].loss, cases[1].losses[3]);
  EXPECT_EQ(faults[0].expected, cases[0].losses[3]);
  EXPECT_THAT(faults[0].explanation, HasSubstr("the loss after 3 updates"));
}

TEST(Trajectories, RoundingMayGrowOverTheSteps) {
  const Trajectory late[] = {falling("a"), falling("b", 5e-4, 18), falling("c")};
  EXPECT_TRUE(compare_trajectories(late).empty());
  const Trajectory early[] = {falling("a"), falling("b", 5e-4, 1), falling("c")};
  EXPECT_EQ(names(compare_trajectories(early)), std::vector<std::string>{"b"});
  const Trajectory much_later[] = {falling("a"), falling("b", 0.5, 21), falling("c")};
  EXPECT_TRUE(compare_trajectories(much_later).empty());
}

TEST(Trajectories, CoarseDtypesAreComparedWithTheFineOnesMoreLoosely) {
  const Trajectory cases[] = {falling("a"), falling("b", 9e-3, 0, "bf16"), falling("c", 2e-2, 0, "bf16"),
                              falling("d", 2e-2, 0, "bf16")};
  EXPECT_EQ(names(compare_trajectories(cases)), (std::vector<std::string>{"c", "d"}));
}

TEST(Trajectories, ParametersThatDoNotMoveAreAFaultEvenAlone) {
  const Trajectory constant[] = {{"a", "fp32", {2.3, 2.3, 2.3}}};
  const auto faults = compare_trajectories(constant);
  ASSERT_EQ(names(faults), std::vector<std::string>{"a"});
  EXPECT_THAT(faults[0].explanation, HasSubstr("parameters do not move"));
  const Trajectory short_one[] = {{"a", "fp32", {2.3, 2.3}}};
  EXPECT_TRUE(compare_trajectories(short_one).empty());
  const Trajectory coarse[] = {{"a", "bf16", {2.3, 2.3, 2.3}}};
  EXPECT_TRUE(compare_trajectories(coarse).empty());
  const Trajectory infinite[] = {{"a", "fp32", {INFINITY, INFINITY, INFINITY}}};
  EXPECT_TRUE(compare_trajectories(infinite).empty());
}

TEST(Trajectories, NaNIsAlwaysAFaultAndNeverTheMeasure) {
  Trajectory broken = falling("b");
  broken.losses[2] = NAN;
  const Trajectory cases[] = {broken, falling("a"), broken};
  EXPECT_EQ(names(compare_trajectories(cases)), (std::vector<std::string>{"b", "b"}));
  const Trajectory alone[] = {{"a", "fp32", {NAN, NAN}}};
  EXPECT_EQ(compare_trajectories(alone).size(), 1u);
}

TEST(Trajectories, ALossThatHasBeenLearnedAwayIsMeasuredAgainstTheFirst) {
  const Trajectory cases[] = {
      {"a", "fp32", {2.0, 1.0, 1e-7}}, {"b", "fp32", {2.0, 1.0, 2e-7}}, {"c", "fp32", {2.0, 1.0, 1e-7}}};
  EXPECT_TRUE(compare_trajectories(cases).empty());
}

TEST(Trajectories, OfTwoThatDisagreeBothAreNamed) {
  const Trajectory cases[] = {falling("a"), falling("b", 1e-2)};
  EXPECT_EQ(names(compare_trajectories(cases)), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace lstmbench
