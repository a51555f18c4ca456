#include "store/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "bench/store/stored_example.h"
#include "store/schema.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;

// What version 1 of the program wrote of a run: two cases, one round of the first.
constexpr const char* rows_of_version_1 = R"sql(
INSERT INTO run VALUES (1, '2026-01-01T00:00:00Z', '', 'interrupted', '0.1.0', 'lstmbench run', 'rounds', '{}', '');
INSERT INTO library VALUES (1, 1, 'fake', '["/bin/fake"]', '{"A": "1"}', 'fake', '1.0', '{}', '');
INSERT INTO workload VALUES (1, 1, 'w', 'a test', 1, 2, 1, 2, 'ctc', 2, 3, 4, 1, 2, 0, 11);
INSERT INTO benchmark_case VALUES (1, 1, 1, 'fake/a', '1.0', 'fp32', 'cpu', 2, 'fake', 1, 'again', 'OK', '', 64, 'said');
INSERT INTO benchmark_case VALUES (2, 1, 1, 'fake/b', '1.0', 'fp32', 'cpu', 2, 'fake', 0, 'again', 'CRASHED', 'died', NULL, '');
INSERT INTO case_check VALUES (1, 'slice', 1, 1e-5, 1e-7, 'head', '');
INSERT INTO round VALUES (1, 1, 0.5, 0.6, 1000, 7);
INSERT INTO case_round VALUES (1, 1, 0, 'OK', '', 77, NULL, 123);
INSERT INTO sample VALUES (1, 1, 0, 0, 1, 2, 3, 4, 5, 0.5);
INSERT INTO log VALUES (1, 1, 'words');
INSERT INTO peak VALUES (1, 1, 1, 2, 100.0, NULL);
)sql";

class MigrationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Database database(path_, Database::Mode::read_write);
    database.execute(migration_steps()[0]);
    database.execute(rows_of_version_1);
    database.execute("PRAGMA application_id = 0x6c73746d; PRAGMA user_version = 1");
  }
  std::string bytes() const {
    std::ostringstream text;
    text << std::ifstream(path_, std::ios::binary).rdbuf();
    return text.str();
  }
  int stored_version() const {
    Database database(path_, Database::Mode::read_only);
    return file_version(database);
  }
  static void expect_the_rows(const StoredRun& run) {
    ASSERT_EQ(run.cases.size(), 2u);
    EXPECT_TRUE(run.controls.empty());
    EXPECT_EQ(run.sittings.size(), 1u);
    const StoredCase& first = run.cases[0];
    EXPECT_EQ(first.record.role, Role::contender);
    EXPECT_EQ(first.record.a_case.worker.arguments, std::vector<std::string>{"/bin/fake"});
    EXPECT_TRUE(first.check && first.check->passed);
    ASSERT_EQ(first.rounds.count(1), 1u);
    EXPECT_EQ(first.rounds.at(1).sitting, 1);
    EXPECT_EQ(first.rounds.at(1).log, "words");
    ASSERT_EQ(first.rounds.at(1).samples.size(), 1u);
    EXPECT_EQ(first.rounds.at(1).samples[0].times.headline_ns(), 9);
    EXPECT_EQ(run.cases[1].status, Status::crashed);
    EXPECT_TRUE(run.rounds.at(1).is_complete);
    EXPECT_EQ(run.rounds.at(1).load_after.steal_ticks, 7);
  }

  TemporaryDirectory folder_;
  fs::path path_ = folder_.path() / "old.db";
};

TEST_F(MigrationTest, WritingBringsAnOldFileUpToDateAndKeepsItsRows) {
  auto file = ResultsFile::open_for_writing(path_);
  EXPECT_EQ(stored_version(), schema_version());
  expect_the_rows(file.load_run(1));
  EXPECT_EQ(store_example(file), 2);  // and takes new ones
  expect_the_rows(file.load_run(1));
}

TEST_F(MigrationTest, ReadingLeavesTheFileAsItIs) {
  const std::string before = bytes();
  fs::permissions(path_, fs::perms::owner_read);
  expect_the_rows(ResultsFile::open_for_reading(path_).load_run(1));
  EXPECT_EQ(bytes(), before);
  EXPECT_EQ(stored_version(), 1);
}

TEST_F(MigrationTest, AMigrationThatFailsLeavesTheFileAsItWas) {
  Database(path_, Database::Mode::read_write).execute("CREATE TABLE sitting (x)");  // in the way of step 2
  const std::string before = bytes();
  EXPECT_THROW(ResultsFile::open_for_writing(path_), StorageError);
  EXPECT_EQ(stored_version(), 1);
  EXPECT_EQ(bytes(), before);
}

TEST_F(MigrationTest, ADamagedFileIsNotMigrated) {
  {
    Database database(path_, Database::Mode::read_write);
    database.execute("PRAGMA foreign_keys = OFF");
    database.execute("INSERT INTO case_round VALUES (99, 1, 0, 'OK', '', 77, NULL, 123)");
  }
  try {
    ResultsFile::open_for_writing(path_);
    FAIL();
  } catch (const StorageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("version 1 cannot be brought"));
  }
  EXPECT_EQ(stored_version(), 1);
}

}  // namespace
}  // namespace lstmbench
