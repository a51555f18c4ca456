#include "verdict/judge_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/verdict/example_runs.h"

namespace lstmbench {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(JudgeRun, JudgesEachCaseAgainstTheReference) {
  const auto fast = case_with_times(1, "a/fast", times_around(10, 8)),
             slow = case_with_times(2, "a/slow", times_around(13, 8)),
             same = case_with_times(3, "a/same", times_around(10.01, 8)),
             none = case_with_times(4, "a/none", {});
  const auto judgements = judge_cases({&fast, &slow, &same, &none}, fast, Reference::fastest);
  EXPECT_FALSE(judgements[0]);
  EXPECT_EQ(judgements[1]->verdict, Verdict::slower);
  EXPECT_EQ(judgements[2]->verdict, Verdict::equivalent);
  EXPECT_FALSE(judgements[3]);
}

TEST(JudgeRun, ANamedReferenceTakesFewerRounds) {
  std::vector<StoredCase> cases;
  for (int i = 0; i < 5; ++i)
    cases.push_back(case_with_times(i + 1, "a/" + std::to_string(i), times_around(10 + 5 * i, 8)));
  std::vector<const StoredCase*> all;
  for (const auto& a_case : cases) all.push_back(&a_case);
  EXPECT_EQ(judge_cases(all, cases[0], Reference::named)[1]->verdict, Verdict::slower);
  EXPECT_EQ(judge_cases(all, cases[0], Reference::fastest)[1]->verdict, Verdict::inconclusive);
}

TEST(JudgeRun, AControlThatDiffersFromItsCaseIsSaid) {
  const auto a_case = case_with_times(1, "a/b", times_around(10, 8));
  const auto other = case_with_times(2, "a/c", times_around(30, 8));
  EXPECT_THAT(unfit_warnings(judge_controls(
                  run_of({a_case, other}, {case_with_times(3, "a/b", times_around(10.02, 8))}))),
              IsEmpty());
  const auto warnings = unfit_warnings(
      judge_controls(run_of({a_case, other}, {case_with_times(3, "a/b", times_around(12, 8))})));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0],
              HasSubstr("UNFIT: a/b measured twice in each round differed from itself by 20.0 %"));
}

TEST(JudgeRun, AControlThatFailedIsSaid) {
  StoredRun run =
      run_of({case_with_times(1, "a/b", times_around(10, 8)), case_with_times(2, "a/c", times_around(11, 8))},
             {case_with_times(3, "a/b", times_around(10, 1))});
  EXPECT_TRUE(failed_controls(run).empty());
  run.controls[0].status = Status::crashed;
  run.controls[0].message = "killed by SIGSEGV";
  ASSERT_EQ(failed_controls(run).size(), 1u);
  EXPECT_NE(failed_controls(run)[0].find("CRASHED: killed by SIGSEGV"), std::string::npos);
}

}  // namespace
}  // namespace lstmbench
