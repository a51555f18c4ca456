#include "store/run_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/store/stored_example.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

using ::testing::ElementsAre;

TEST(RunList, SaysWhatEachRunIs) {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "results.db";
  {
    auto file = ResultsFile::open_for_writing(path);
    EXPECT_TRUE(list_runs(path).empty());
    store_example(file);
    begin_example(file);
  }
  const auto runs = list_runs(path);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].number, 1);
  EXPECT_EQ(runs[0].started_at, "2026-01-01T00:00:00Z");
  EXPECT_EQ(runs[0].state, "finished");
  EXPECT_EQ(runs[0].rounds, 2);
  EXPECT_EQ(runs[0].cases, 2);
  EXPECT_THAT(runs[0].workloads, ElementsAre("example"));
  EXPECT_THAT(runs[0].dtypes, ElementsAre("fp32"));
  EXPECT_EQ(runs[0].machine, "Example CPU");
  EXPECT_EQ(runs[1].state, "running");
}

TEST(RunList, AFileThatIsNotThereIsAnError) {
  const TemporaryDirectory directory;
  EXPECT_THROW(list_runs(directory.path() / "none.db"), StorageError);
}

}  // namespace
}  // namespace lstmbench
