#include "report/winner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/report/example_run.h"

namespace lstmbench {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::vector<double> ten_rounds{40, 42, 41, 39, 40, 43, 41, 40, 42, 41};

std::vector<double> times(double factor) {
  std::vector<double> result;
  for (const double ms : ten_rounds) result.push_back(factor * ms);
  return result;
}

Winner winner(const Report& report) {
  return winner_of(report, report.tables.at(0)).value();
}

TEST(Winner, IsComparedWithTheFastestOfAnotherLibrary) {
  const Report report =
      build_report(stored_run({stored_case(1, "a/fast", times(1)), stored_case(2, "a/second", times(1.1)),
                               stored_case(3, "b/third", times(1.5))}));
  const Winner found = winner(report);
  EXPECT_EQ(found.row->a_case.implementation, "a/fast");
  EXPECT_EQ(found.rival->a_case.implementation, "b/third");
  EXPECT_EQ(found.verdict, Verdict::faster);
  EXPECT_EQ(explain(found), "1.50× as fast as b/third 1.0 (1.50–1.50)");
  EXPECT_EQ(count_verdicts(report.tables[0]), "against a/fast 1.0: 2 SLOWER");
}

TEST(Winner, OfOneLibraryIsComparedWithTheNext) {
  const Report report =
      build_report(stored_run({stored_case(1, "a/x", times(2)), stored_case(2, "a/y", times(1))}));
  EXPECT_EQ(winner(report).rival->a_case.implementation, "a/x");
}

TEST(Winner, WithinTheMarginIsEquivalent) {
  const Report report =
      build_report(stored_run({stored_case(1, "a/x", times(1)), stored_case(2, "b/y", times(1.004))}));
  EXPECT_EQ(winner(report).verdict, Verdict::equivalent);
  EXPECT_THAT(explain(winner(report)), StartsWith("as fast as b/y 1.0 within 2 %"));
  EXPECT_EQ(count_verdicts(report.tables[0]), "against a/x 1.0: 1 EQUIVALENT");
}

TEST(Winner, RoundsThatContradictEachOtherAreInconclusive) {
  std::vector<double> other = times(1.2);
  for (std::size_t i = 0; i < 4; ++i) other[i] = 0.8 * ten_rounds[i];
  const Report report =
      build_report(stored_run({stored_case(1, "a/x", ten_rounds), stored_case(2, "b/y", other)}));
  EXPECT_EQ(winner(report).verdict, Verdict::inconclusive);
  EXPECT_THAT(explain(winner(report)), StartsWith("no certain difference from"));
}

TEST(Winner, OfTooFewRoundsSaysSo) {
  const Report report =
      build_report(stored_run({stored_case(1, "a/x", {40, 40}), stored_case(2, "b/y", {80, 80})}));
  EXPECT_EQ(winner(report).verdict, Verdict::inconclusive);
  EXPECT_EQ(explain(winner(report)), "2.00× as fast as b/y 1.0; more rounds are needed to be certain");
  EXPECT_THAT(cautions(report),
              testing::Contains(HasSubstr("2 rounds are too few for verdicts, which take 6")));
}

TEST(Winner, DoesNotDependOnTheBaseline) {
  auto run = stored_run(
      {stored_case(1, "a/x", times(1)), stored_case(2, "b/y", times(1.5)), stored_case(3, "b/z", times(3))});
  run.run.baseline = "b/y";
  const Report report = build_report(run);
  EXPECT_EQ(winner(report).row->a_case.implementation, "a/x");
  EXPECT_EQ(winner(report).verdict, Verdict::faster);
  EXPECT_EQ(count_verdicts(report.tables[0]), "against b/y 1.0: 1 FASTER, 1 SLOWER");
}

TEST(Winner, IsOfThoseWithMostRounds) {
  const Report report = build_report(stored_run(
      {stored_case(1, "a/x", times(1)), stored_case(2, "b/y", {39}), stored_case(3, "b/z", times(3))}));
  EXPECT_EQ(winner(report).row->a_case.implementation, "a/x");
  EXPECT_EQ(winner(report).rival->a_case.implementation, "b/y");
  EXPECT_EQ(explain(winner(report)), "no certain difference from b/y 1.0 (0.97×)");
}

TEST(Winner, AloneHasNothingToBeComparedWith) {
  const Report report = build_report(
      stored_run({stored_case(1, "a/x", {40}), failed_case("b/dead", Status::crashed, "killed", "")}));
  EXPECT_FALSE(winner(report).rival);
  EXPECT_FALSE(winner(report).verdict);
  EXPECT_EQ(explain(winner(report)), "nothing to compare it with");
  EXPECT_EQ(count_verdicts(report.tables[0]), "");
}

TEST(Winner, ThereIsNoneWhereAllFailed) {
  const Report report =
      build_report(stored_run({failed_case("b/dead", Status::out_of_memory, "no memory", "")}));
  EXPECT_FALSE(winner_of(report, report.tables[0]));
}

TEST(Winner, PublishedRunsAreComparedButNotJudged) {
  const Report report =
      build_report(published_run({stored_case(1, "a/x", {40}), stored_case(2, "b/y", {80})}));
  EXPECT_FALSE(winner(report).verdict);
  EXPECT_THAT(explain(winner(report)), testing::ContainsRegex("^[12]\\.[0-9]+× as fast as b/y 1.0$"));
  EXPECT_EQ(cautions(report), std::vector<std::string>{"Published results, not measured here."});
}

}  // namespace
}  // namespace lstmbench
