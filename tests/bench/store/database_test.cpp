// Two programs at one file: a commit outlasts whoever reads it.
#include "store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/store/stored_example.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class SharedFile : public ::testing::Test {
 protected:
  std::vector<std::string> notes() { return ours_.load_run(run_id_).run.notes; }

  TemporaryDirectory folder_;
  std::filesystem::path path_ = folder_.path() / "results.db";
  ResultsFile ours_ = ResultsFile::open_for_writing(path_);
  std::int64_t run_id_ = store_example(ours_);
  Database others_{path_, Database::Mode::read_write};
};

TEST_F(SharedFile, ACommitWaitsForAReaderAndSaysSo) {
  std::optional<Statement> reader(std::in_place, others_, "SELECT * FROM sample");
  ASSERT_TRUE(reader->step());
  std::vector<std::string> said;
  ours_.set_patience({60s, 20ms, [&](const std::string& line) {
                        said.push_back(line);
                        if (said.size() == 3) reader.reset();
                      }});
  auto transaction = ours_.begin_transaction();
  ours_.add_note(run_id_, "measured meanwhile");
  transaction.commit();
  EXPECT_EQ(said.size(), 3u);
  EXPECT_THAT(said[0], HasSubstr("another program is reading or writing '" + path_.string() + "'"));
  EXPECT_EQ(notes().back(), "measured meanwhile");
}

TEST_F(SharedFile, AWriterIsWaitedForBeforeAnythingIsWritten) {
  std::optional<Transaction> writer(std::in_place, others_);
  int said = 0;
  ours_.set_patience({60s, 20ms, [&](const std::string&) {
                        ++said;
                        writer.reset();
                      }});
  ours_.add_note(run_id_, "afterwards");
  EXPECT_EQ(said, 1);
  EXPECT_EQ(notes().back(), "afterwards");
}

TEST_F(SharedFile, PatienceEndsWithWhatToDo) {
  std::optional<Statement> reader(std::in_place, others_, "SELECT * FROM sample");
  ASSERT_TRUE(reader->step());
  ours_.set_patience({50ms, 10ms, {}});
  try {
    ours_.add_note(run_id_, "lost");
    FAIL() << "written beside a reader";
  } catch (const StorageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("another program is reading or writing it"));
    EXPECT_THAT(error.what(), HasSubstr("--results"));
  }
  reader.reset();
  ours_.add_note(run_id_, "kept");
  EXPECT_EQ(notes(), (std::vector<std::string>{"a note", "kept"}));
}

TEST(Database, ThatEndsWithTheProgramIsNoResultsFile) {
  for (const char* name : {":memory:", ""}) EXPECT_THROW(ResultsFile::open_for_writing(name), StorageError);
}

}  // namespace
}  // namespace lstmbench
