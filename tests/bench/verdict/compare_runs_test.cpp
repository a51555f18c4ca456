#include "verdict/compare_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "bench/verdict/example_runs.h"

namespace lstmbench {
namespace {

using ::testing::HasSubstr;

const ComparedCase& case_named(const RunComparison& comparison, const std::string& implementation) {
  for (const auto& compared : comparison.cases)
    if (compared.a_case.implementation == implementation) return compared;
  throw std::out_of_range(implementation);
}

StoredRun before() {
  return run_of({case_with_times(1, "a/same", times_around(10, 10)),
                 case_with_times(2, "a/worse", times_around(10, 10)),
                 case_with_times(3, "a/better", times_around(10, 10)),
                 case_with_times(4, "a/gone", times_around(10, 10)),
                 case_with_times(5, "a/broken", times_around(10, 10)),
                 case_with_times(6, "a/few", times_around(10, 2))});
}

StoredRun after() {
  StoredRun run = run_of(
      {case_with_times(1, "a/same", times_around(10.02, 10)),
       case_with_times(2, "a/worse", times_around(12, 10)),
       case_with_times(3, "a/better", times_around(8, 10)), case_with_times(5, "a/broken", {}),
       case_with_times(6, "a/few", times_around(20, 2)), case_with_times(7, "a/new", times_around(10, 10))});
  run.cases[3].status = Status::crashed;
  run.cases[3].message = "killed";
  run.cases[1].record.a_case.version = "1.1";
  run.machine[1].second = "Linux 7";
  run.machine[2].second = "9.5";  // load changes all the time
  return run;
}

TEST(CompareRuns, SaysWhatBecameFasterOrSlower) {
  const RunComparison comparison = compare_runs(before(), after(), "", default_margin);
  EXPECT_EQ(case_named(comparison, "a/same").verdict, Verdict::equivalent);
  EXPECT_EQ(case_named(comparison, "a/worse").verdict, Verdict::slower);
  EXPECT_NEAR(case_named(comparison, "a/worse").ratio->ratio, 1.2, 0.01);
  EXPECT_EQ(case_named(comparison, "a/worse").second_version, "1.1");
  EXPECT_EQ(case_named(comparison, "a/better").verdict, Verdict::faster);
  EXPECT_EQ(case_named(comparison, "a/few").verdict, Verdict::inconclusive);
  EXPECT_TRUE(case_named(comparison, "a/gone").is_missing);
  EXPECT_EQ(case_named(comparison, "a/new").note, "only in the second run");
  EXPECT_TRUE(case_named(comparison, "a/broken").became_worse);
  EXPECT_THAT(case_named(comparison, "a/broken").note, HasSubstr("CRASHED in the second run: killed"));
}

// A case of about so many ms in one run against 10 ms in the other.
ComparedCase with_second_time(double ms, double spread, double margin, int rounds = 20) {
  const StoredRun first = run_of({case_with_times(1, "a/x", times_around(10, rounds, spread))});
  const StoredRun second = run_of({case_with_times(1, "a/x", times_around(ms, rounds, spread))});
  return compare_runs(first, second, "", margin).cases.at(0);
}

TEST(CompareRuns, OnlyWhatIsSlowerByMoreThanTheMarginIsSlower) {
  const ComparedCase straddling = with_second_time(10.21, 0.005, 0.02);
  ASSERT_LE(*straddling.adjusted_p, 0.05);
  ASSERT_LT(straddling.ratio->interval->low, 1.02);
  EXPECT_EQ(straddling.verdict, Verdict::inconclusive);
  EXPECT_THAT(straddling.note, HasSubstr("may be smaller than the margin of 2 %"));
  EXPECT_EQ(with_second_time(10.21, 0.005, 0.005).verdict, Verdict::slower);
  EXPECT_EQ(with_second_time(11, 0.005, 0.02).verdict, Verdict::slower);
  EXPECT_EQ(with_second_time(11, 0.005, 0.2).verdict, Verdict::equivalent);
  const ComparedCase faster = with_second_time(9.79, 0.005, 0.02);
  EXPECT_EQ(faster.verdict, Verdict::inconclusive);
  EXPECT_THAT(faster.note, HasSubstr("margin"));
  EXPECT_EQ(with_second_time(9, 0.005, 0.02).verdict, Verdict::faster);
}

TEST(CompareRuns, SaysThatRoundsAreTooFew) {
  const ComparedCase few = with_second_time(20, 0.001, 0.02, 2);
  EXPECT_EQ(few.verdict, Verdict::inconclusive);
  EXPECT_EQ(few.note, "too few rounds to judge by (2 and 2)");
  EXPECT_TRUE(few.has_few_rounds);
  EXPECT_FALSE(with_second_time(20, 0.001, 0.02, 6).has_few_rounds);
}

TEST(CompareRuns, WhatWasInterruptedIsUndecidedAndNotWorse) {
  StoredRun second = before();
  second.cases[0].status = Status::interrupted;
  second.cases[0].rounds.clear();
  second.cases[1].rounds.clear();  // the budget ended before it
  const RunComparison comparison = compare_runs(before(), second, "", default_margin);
  for (const char* name : {"a/same", "a/worse"}) {
    EXPECT_FALSE(case_named(comparison, name).became_worse);
    EXPECT_TRUE(case_named(comparison, name).is_undecided);
  }
  EXPECT_THAT(case_named(comparison, "a/same").note, HasSubstr("INTERRUPTED"));
  EXPECT_FALSE(case_named(comparison, "a/better").is_undecided);
}

TEST(CompareRuns, AVersionThatOnlyOneRunHasIsNotComparedWithAnother) {
  StoredRun two = run_of(
      {case_with_times(1, "a/x", times_around(5, 10)), case_with_times(2, "a/x", times_around(10, 10))});
  two.cases[1].record.a_case.version = "2.0";
  StoredRun one = run_of({case_with_times(1, "a/x", times_around(10, 10))});
  one.cases[0].record.a_case.version = "2.0";
  for (const bool is_swapped : {false, true}) {
    const RunComparison comparison =
        is_swapped ? compare_runs(one, two, "", default_margin) : compare_runs(two, one, "", default_margin);
    ASSERT_EQ(comparison.cases.size(), 2u);
    for (const auto& compared : comparison.cases) {
      if (compared.a_case.version == "2.0")
        EXPECT_EQ(compared.verdict, Verdict::equivalent);
      else
        EXPECT_EQ(compared.note,
                  is_swapped ? "only in the second run" : "not asked for in the second run (--versions)");
    }
  }
}

TEST(CompareRuns, AnAnchorServesTheTablesThatHaveIt) {
  const StoredRun run = run_of({case_with_times(1, "a/x", times_around(10, 10)),
                                case_with_times(2, "b/anchor", times_around(5, 10)),
                                case_with_times(3, "a/x", times_around(10, 10), "without")});
  const RunComparison comparison = compare_runs(run, run, "b/anchor", default_margin);
  ASSERT_EQ(comparison.cases.size(), 2u);
  EXPECT_EQ(comparison.cases[0].verdict, Verdict::equivalent);
  EXPECT_FALSE(comparison.cases[1].verdict);
  EXPECT_THAT(comparison.cases[1].note, HasSubstr("b/anchor was not measured in both here"));
}

TEST(CompareRuns, ShowsWhatDiffersAroundThem) {
  const RunComparison comparison = compare_runs(before(), after(), "", default_margin);
  ASSERT_EQ(comparison.environment.size(), 1u);
  EXPECT_EQ(comparison.environment[0].name, "kernel");
  StoredRun elsewhere = after();
  elsewhere.machine[0].second = "Another CPU";
  bool is_said = false;
  for (const auto& warning : compare_runs(before(), elsewhere, "", default_margin).warnings)
    is_said |= warning.find("two machines") != std::string::npos;
  EXPECT_TRUE(is_said);
}

TEST(CompareRuns, ReadsWhatADamagedFileMayHold) {
  StoredRun zero = before(), nested = before();
  for (auto& [number, round] : zero.cases[0].rounds)
    for (auto& sample : round.samples) sample.times = {};
  EXPECT_EQ(case_named(compare_runs(zero, after(), "", default_margin), "a/same").note,
            "a time of zero in the first run");
  constexpr int depth = 1'000'000;
  nested.run.settings = "{\"steps\": " + std::string(depth, '[') + std::string(depth, ']') + "}";
  for (auto& [number, round] : nested.rounds)
    round.load_after.throttle_events = std::numeric_limits<std::int64_t>::max();
  const auto environment = compare_runs(nested, after(), "", default_margin).environment;
  EXPECT_EQ(environment.size(), 2u);  // the kernel; that the first was slowed
}

// The second run was made on a machine that was half as fast; relative to the anchor nothing changed.
TEST(CompareRuns, AnAnchorTakesASlowerMachineOut) {
  const StoredRun first = run_of(
      {case_with_times(1, "a/x", times_around(10, 10)), case_with_times(2, "a/anchor", times_around(5, 10))});
  const StoredRun second = run_of({case_with_times(1, "a/x", times_around(20, 10)),
                                   case_with_times(2, "a/anchor", times_around(10, 10))});
  EXPECT_EQ(case_named(compare_runs(first, second, "", default_margin), "a/x").verdict, Verdict::slower);
  const RunComparison anchored = compare_runs(first, second, "a/anchor", default_margin);
  ASSERT_EQ(anchored.cases.size(), 1u);
  EXPECT_EQ(anchored.cases[0].verdict, Verdict::equivalent);
  EXPECT_THROW(compare_runs(first, second, "a/other", default_margin), std::invalid_argument);
}

TEST(CompareRuns, AnUnfitRunIsSaid) {
  StoredRun unfit = before();
  StoredCase control = case_with_times(9, "a/same", times_around(13, 10));
  control.record.role = Role::control;
  unfit.controls = {control};
  EXPECT_TRUE(compare_runs(unfit, after(), "", default_margin).is_unfit);
  EXPECT_FALSE(compare_runs(before(), after(), "", default_margin).is_unfit);
}

TEST(CompareRuns, OtherWorkloadsOfTheSameNameAreNotCompared) {
  StoredRun second = after();
  second.cases[0].record.a_case.workload.units = 99;
  const ComparedCase compared = case_named(compare_runs(before(), second, "", default_margin), "a/same");
  EXPECT_FALSE(compared.verdict);
  EXPECT_THAT(compared.note, HasSubstr("two workloads"));
}

}  // namespace
}  // namespace lstmbench
