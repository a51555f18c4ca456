#include "verdict/stored_medians.h"

#include <gtest/gtest.h>

#include "bench/verdict/example_runs.h"

namespace lstmbench {
namespace {

TEST(StoredMedians, AreOfTimedStepsOfRoundsThatEndedWell) {
  StoredCase stored = case_with_times(1, "a/b", {2, 3, 4});
  stored.rounds.at(2).status = Status::interrupted;
  stored.rounds.at(3).samples.resize(1);  // the warm-up alone
  EXPECT_EQ(round_medians(stored), (RoundMedians{{1, 2e6}}));
}

TEST(WholeRounds, AHalfRoundIsLeftOutWhereThereIsAWholeOne) {
  StoredRun run = run_of({case_with_times(1, "a/b", {2, 3}), case_with_times(2, "a/c", {2})},
                         {case_with_times(3, "a/b", {2, 3})});
  run.rounds.at(2).is_complete = false;
  const WholeRounds whole = whole_rounds(run);
  EXPECT_EQ(whole.incomplete, 2);
  EXPECT_TRUE(whole.is_left_out);
  EXPECT_EQ(whole.run.cases[0].rounds.size(), 1u);
  EXPECT_EQ(whole.run.controls[0].rounds.size(), 1u);
  EXPECT_EQ(whole.run.rounds.count(2), 0u);
}

TEST(WholeRounds, AHalfRoundThatIsAllThereIsStaysAndIsNamed) {
  StoredRun run = run_of({case_with_times(1, "a/b", {2})});
  run.rounds.at(1).is_complete = false;
  run.rounds[0].is_complete = true;  // the checks are no round of measurements
  const WholeRounds whole = whole_rounds(run);
  EXPECT_EQ(whole.incomplete, 1);
  EXPECT_FALSE(whole.is_left_out);
  EXPECT_EQ(whole.run.cases[0].rounds.size(), 1u);
}

TEST(WholeRounds, WholeRunsStayAsTheyAre) {
  const WholeRounds whole = whole_rounds(run_of({case_with_times(1, "a/b", {2, 3})}));
  EXPECT_FALSE(whole.incomplete);
  EXPECT_EQ(whole.run.cases[0].rounds.size(), 2u);
}

}  // namespace
}  // namespace lstmbench
