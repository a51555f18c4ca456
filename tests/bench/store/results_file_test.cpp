#include "store/results_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "bench/store/stored_example.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ResultsFileTest : public ::testing::Test {
 protected:
  fs::path path() const { return folder_ / "deep" / "results.db"; }

  TemporaryDirectory directory_;
  fs::path folder_ = directory_.path();
};

TEST_F(ResultsFileTest, GivesBackWhatWasStored) {
  std::int64_t run_id = 0;
  {
    auto file = ResultsFile::open_for_writing(path());  // makes the folder
    run_id = store_example(file);
  }
  const StoredRun stored = ResultsFile::open_for_reading(path()).load_run(run_id);
  EXPECT_EQ(stored.run.state, RunState::finished);
  EXPECT_EQ(stored.run.notes, std::vector<std::string>{"a note"});
  EXPECT_EQ(stored.machine, example_machine());
  ASSERT_EQ(stored.libraries.size(), 1u);
  EXPECT_EQ(stored.libraries[0].build.at("compiler"), "none");
  ASSERT_EQ(stored.cases.size(), 2u);

  const StoredCase& good = stored.cases[0];
  EXPECT_EQ(good.record.a_case.implementation, "fake/good");
  EXPECT_EQ(good.record.a_case.workload.units, example_workload().units);
  EXPECT_EQ(good.record.a_case.workload.loss, Loss::ctc);
  EXPECT_EQ(good.record.a_case.worker.arguments, std::vector<std::string>{"/bin/fake worker"});
  EXPECT_EQ(good.status, Status::ok);
  EXPECT_EQ(good.record.workspace_bytes, 4096);
  ASSERT_TRUE(good.check);
  EXPECT_EQ(good.check->worst_tensor, "head");
  ASSERT_EQ(good.rounds.size(), 2u);
  ASSERT_EQ(good.rounds.at(1).samples.size(), 3u);
  EXPECT_TRUE(good.rounds.at(1).samples[0].is_warmup);
  EXPECT_EQ(good.rounds.at(2).samples[2].times.headline_ns(), 2'000'000);
  EXPECT_EQ(good.rounds.at(2).memory.peak_rss_bytes, 77);

  const StoredCase& bad = stored.cases[1];
  EXPECT_EQ(bad.status, Status::crashed);
  EXPECT_EQ(bad.rounds.at(1).log, "last words");
  EXPECT_TRUE(std::isnan(bad.rounds.at(1).samples.at(0).times.loss));  // a loss that is no number stays none

  EXPECT_DOUBLE_EQ(*stored.rounds.at(1).peaks.at(0).rates.fp32_gflops, 100);
  EXPECT_EQ(stored.rounds.at(1).load_after.steal_ticks, 5);
}

TEST_F(ResultsFileTest, KeepsSeveralRuns) {
  auto file = ResultsFile::open_for_writing(path());
  const auto first = store_example(file);
  const auto second = store_example(file);
  EXPECT_NE(first, second);
  EXPECT_EQ(file.latest_run(), second);
  EXPECT_EQ(file.load_run(first).cases.size(), 2u);
  EXPECT_THROW(file.load_run(99), StorageError);
}

TEST_F(ResultsFileTest, ARoundIsStoredWhollyOrNotAtAll) {
  auto file = ResultsFile::open_for_writing(path());
  const auto run_id = store_example(file);
  RoundRecord round;
  round.number = 3;
  CaseRound good = example_case_round(file.load_run(run_id).cases[0].id, 1.0);
  CaseRound stranger = good;
  stranger.case_id = 4711;  // no such case: the foreign key refuses it
  round.cases = {good, stranger};
  EXPECT_THROW(file.record_round(run_id, round), StorageError);
  const StoredRun stored = file.load_run(run_id);
  EXPECT_EQ(stored.rounds.count(3), 0u);
  EXPECT_EQ(stored.cases[0].rounds.count(3), 0u);
}

TEST_F(ResultsFileTest, AnInterruptedRunKeepsItsRounds) {
  std::int64_t run_id = 0;
  {
    auto file = ResultsFile::open_for_writing(path());
    run_id = begin_example(file);  // never finished: as after kill -9
  }
  const StoredRun stored = ResultsFile::open_for_reading(path()).load_run(run_id);
  EXPECT_EQ(stored.run.state, RunState::running);
  EXPECT_EQ(stored.cases[0].rounds.size(), 2u);
}

TEST_F(ResultsFileTest, ARoundCanBeWrittenCaseByCase) {
  std::int64_t run_id = 0;
  {
    auto file = ResultsFile::open_for_writing(path());
    run_id = begin_example(file);
    const StoredRun stored = file.load_run(run_id);
    file.open_round(run_id, 3, {stored.cases[1].id, stored.cases[0].id}, {0.5, 100, 1, 2});
    CaseRound round = example_case_round(stored.cases[1].id, 3);
    round.load_before = {0.5, 100, 1, 2};
    round.load_after = {0.7, 300, 11, 5};
    file.record_case_round(run_id, 3, round);
  }  // as after kill -9
  {
    const StoredRun stored = ResultsFile::open_for_reading(path()).load_run(run_id);
    const RoundRecord& round = stored.rounds.at(3);
    EXPECT_FALSE(round.is_complete);
    EXPECT_EQ(round.planned, (std::vector<std::int64_t>{stored.cases[1].id, stored.cases[0].id}));
    EXPECT_EQ(round.load_after.total_ticks, 200);
    EXPECT_EQ(round.load_after.steal_ticks, 10);
    EXPECT_EQ(round.load_after.throttle_events, 3);
    EXPECT_EQ(stored.cases[1].rounds.count(3), 1u);
    EXPECT_EQ(stored.cases[0].rounds.count(3), 0u);
  }
  auto file = ResultsFile::open_for_writing(path());
  EXPECT_EQ(file.begin_sitting(run_id, "2026-01-02T00:00:00Z", "me"), 2);
  CaseRound round = example_case_round(file.load_run(run_id).cases[0].id, 3);
  round.sitting = 2;
  file.record_case_round(run_id, 3, round);
  file.close_round(run_id, 3);
  const StoredRun stored = file.load_run(run_id);
  EXPECT_TRUE(stored.rounds.at(3).is_complete);
  EXPECT_EQ(stored.cases[0].rounds.at(3).sitting, 2);
  EXPECT_EQ(stored.sittings.back().process, "me");
  EXPECT_EQ(stored.run.state, RunState::running);
}

TEST_F(ResultsFileTest, AProgramKilledWhileItOpenedTheFileLeavesNoTrouble) {
  std::int64_t run_id = 0;
  {
    auto file = ResultsFile::open_for_writing(path());
    run_id = store_example(file);
  }
  Database(path(), Database::Mode::read_write).execute("CREATE TABLE space (bytes BLOB)");
  auto file = ResultsFile::open_for_writing(path());
  EXPECT_EQ(file.load_run(run_id).cases.size(), 2u);
}

TEST_F(ResultsFileTest, WhatTheHarnessCostsIsSummedUpInItsSitting) {
  auto file = ResultsFile::open_for_writing(path());
  const auto run_id = begin_example(file);
  const auto cases = file.load_run(run_id).cases;
  file.open_round(run_id, 3, {cases[0].id, cases[1].id}, {});
  for (const auto& a_case : cases) {
    CaseRound round = example_case_round(a_case.id, 3);
    round.harness = {1000, 900, 50};
    round.sitting = a_case.id == cases[0].id ? 1 : file.begin_sitting(run_id, "later", "me");
    if (round.sitting == 2) round.harness = {30, 20, 10};
    file.record_case_round(run_id, 3, round);
  }
  const auto sittings = file.load_run(run_id).sittings;
  ASSERT_EQ(sittings.size(), 2u);
  EXPECT_EQ(sittings[0].harness.request_ns, 1000);
  EXPECT_EQ(sittings[0].harness.step_ns, 900);
  EXPECT_EQ(sittings[0].harness.cpu_ns, 50);
  EXPECT_EQ(sittings[1].harness.request_ns, 30);
}

TEST_F(ResultsFileTest, ANewSittingForgetsWhatWasInterrupted) {
  auto file = ResultsFile::open_for_writing(path());
  const auto run_id = begin_example(file);
  const auto good = file.load_run(run_id).cases[0].id;
  file.open_round(run_id, 3, {good}, {});
  CaseRound round = example_case_round(good, 3);
  round.status = Status::interrupted;
  file.record_case_round(run_id, 3, round);
  file.set_status(good, Status::interrupted, "interrupted before it was measured");
  file.finish_run(run_id, RunState::interrupted, "now");
  file.begin_sitting(run_id, "later", "me");
  const StoredRun stored = file.load_run(run_id);
  EXPECT_EQ(stored.cases[0].status, Status::ok);
  EXPECT_EQ(stored.cases[0].message, "");
  EXPECT_EQ(stored.cases[0].rounds.size(), 2u);
  EXPECT_EQ(stored.cases[1].status, Status::crashed);  // what went wrong went wrong
}

TEST_F(ResultsFileTest, AControlIsKeptApartFromTheCases) {
  auto file = ResultsFile::open_for_writing(path());
  const auto run_id = store_example(file);
  CaseRecord twin = example_case("fake/good");
  twin.role = Role::control;
  twin.a_case.worker.environment = {{"NAME", "value"}};
  twin.estimated_step_s = 0.25;
  const auto id = file.add_case(run_id, twin);
  const StoredRun stored = file.load_run(run_id);
  EXPECT_EQ(stored.cases.size(), 2u);
  ASSERT_EQ(stored.controls.size(), 1u);
  EXPECT_EQ(stored.controls[0].id, id);
  EXPECT_EQ(stored.controls[0].record.a_case.worker.environment.at("NAME"), "value");
  EXPECT_DOUBLE_EQ(stored.controls[0].record.estimated_step_s, 0.25);
}

TEST_F(ResultsFileTest, WhatIsWrittenInOneTransactionIsThereTogetherOrNotAtAll) {
  auto file = ResultsFile::open_for_writing(path());
  {
    const auto transaction = file.begin_transaction();
    store_example(file);
  }
  EXPECT_FALSE(file.latest_run());
  auto transaction = file.begin_transaction();
  store_example(file);
  transaction.commit();
  EXPECT_TRUE(file.latest_run());
}

TEST_F(ResultsFileTest, ARemovedCaseLeavesNothing) {
  auto file = ResultsFile::open_for_writing(path());
  const auto run_id = store_example(file);
  file.remove_case(file.load_run(run_id).cases[1].id);
  EXPECT_EQ(file.load_run(run_id).cases.size(), 1u);
}

TEST_F(ResultsFileTest, RefusesFilesOfOthers) {
  const fs::path text = folder_ / "text.db";
  std::ofstream(text) << std::string(4096, 'x');
  EXPECT_THROW(ResultsFile::open_for_writing(text), StorageError);

  const fs::path other = folder_ / "other.db";
  Database(other, Database::Mode::read_write).execute("CREATE TABLE mine (x)");
  EXPECT_THROW(ResultsFile::open_for_writing(other), StorageError);

  { auto ours = ResultsFile::open_for_writing(path()); }
  Database(path(), Database::Mode::read_write).execute("PRAGMA user_version = 99");
  try {
    ResultsFile::open_for_reading(path());
    FAIL() << "a newer schema was read";
  } catch (const StorageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("schema version 99"));
  }
}

TEST_F(ResultsFileTest, ADamagedValueIsSaid) {
  std::int64_t run_id = 0;
  {
    auto file = ResultsFile::open_for_writing(path());
    run_id = store_example(file);
  }
  Database(path(), Database::Mode::read_write).execute("UPDATE library SET command = '[2/'");
  EXPECT_THROW(ResultsFile::open_for_reading(path()).load_run(run_id), StorageError);
}

// Nothing that loops or allocates by a count ever sees one that no run can have.
TEST_F(ResultsFileTest, AnAbsurdCountIsRefused) {
  for (const char* change :
       {"workload SET samples = 2000000000", "workload SET samples = 4294967299", "workload SET layers = -1",
        "benchmark_case SET threads = 2147483647", "round SET number = number - 2",
        "case_round SET round = round + 2147483647", "case_round SET position = -1",
        "case_round SET sitting = 2147483647", "sample SET step = step + 4294967296",
        "sample SET round = round - 2", "round_plan SET round = -round", "peak SET threads = -1",
        "peak SET round = 2147483647", "sitting SET number = 2147483647"}) {
    const fs::path file = folder_ / "absurd.db";
    const auto run_id = [&] {
      auto sound = ResultsFile::open_for_writing(file);
      return store_example(sound);
    }();
    Database(file, Database::Mode::read_write)
        .execute(std::string("PRAGMA foreign_keys = OFF; UPDATE ") + change);
    EXPECT_THROW(ResultsFile::open_for_reading(file).load_run(run_id), StorageError) << change;
    fs::remove(file);
  }
}

TEST_F(ResultsFileTest, SaysWhichFileIsMissing) {
  try {
    ResultsFile::open_for_reading(folder_ / "none.db");
    FAIL();
  } catch (const StorageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("none.db"));
  }
  EXPECT_FALSE(fs::exists(folder_ / "none.db"));
}

// A limit on the size of files stands for a full disk; in a child, for it cannot be taken back.
TEST_F(ResultsFileTest, AFullDiskIsSeenBeforeAnythingIsMeasured) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{256 << 10, 256 << 10};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      auto file = ResultsFile::open_for_writing(path());
    } catch (const StorageError&) {
      _exit(5);
    }
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

TEST(StatusFromText, KnowsEveryStatusAndNothingElse) {
  for (const Status status : {Status::ok, Status::incorrect, Status::unsupported, Status::out_of_memory,
                              Status::timeout, Status::crashed, Status::failed, Status::interrupted})
    EXPECT_EQ(status_from_text(to_string(status)), status);
  EXPECT_THROW(status_from_text("FINE"), StorageError);
}

}  // namespace
}  // namespace lstmbench
