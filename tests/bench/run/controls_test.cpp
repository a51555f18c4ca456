#include "run/controls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lstmbench {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PlannedCase planned(const std::string& workload, const std::string& implementation, double step_s) {
  PlannedCase result;
  result.a_case.workload.name = workload;
  result.a_case.implementation = implementation;
  result.step_s = step_s;
  return result;
}

const std::vector<PlannedCase> two_tables{planned("v", "a/x", 2), planned("v", "a/y", 1),
                                          planned("w", "a/x", 1), planned("w", "a/y", 3),
                                          planned("u", "a/x", 1)};

TEST(Controls, OfEachTableWhatIsExpectedToBeFastest) {
  EXPECT_THAT(controlled_cases(two_tables, {}), ElementsAre(1, 2));  // "u" has nothing to compare
}

TEST(Controls, OrTheBaselineWhereItCanRun) {
  RunOptions options;
  options.baseline = "a/y";
  auto cases = two_tables;
  EXPECT_THAT(controlled_cases(cases, options), ElementsAre(1, 3));
  cases.push_back(planned("w", "a/z", 4));
  cases[3].status = Status::unsupported;
  EXPECT_THAT(controlled_cases(cases, options), ElementsAre(1, 2));
}

TEST(Controls, NoneWhereNothingIsJudged) {
  RunOptions options;
  options.rounds = 1;
  EXPECT_THAT(controlled_cases(two_tables, options), IsEmpty());
  options.rounds = 2;
  options.controls = Controls::none;
  EXPECT_THAT(controlled_cases(two_tables, options), IsEmpty());
  options.controls = Controls::every_case;
  EXPECT_EQ(controlled_cases(two_tables, options).size(), 5u);
}

TEST(Controls, OfSeveralVersionsOfTheBaselineTheFastestIsTheReference) {
  const std::vector<PlannedCase> versions{planned("v", "a/x", 3), planned("v", "a/x", 2),
                                          planned("v", "a/y", 1)};
  const auto time_of = [&](std::size_t i) { return versions[i].step_s; };
  EXPECT_EQ(reference_of(versions, {0, 1, 2}, "a/x", time_of), 1u);
  EXPECT_EQ(reference_of(versions, {0, 1, 2}, "", time_of), 2u);
  EXPECT_EQ(how_chosen(versions, {0, 1, 2}, "a/x"), Reference::fastest);
  EXPECT_EQ(how_chosen(versions, {0, 1, 2}, "a/y"), Reference::named);
  EXPECT_EQ(how_chosen(versions, {0, 1, 2}, ""), Reference::fastest);
}

}  // namespace
}  // namespace lstmbench
