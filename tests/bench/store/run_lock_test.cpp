// A child plays the process in another container: it has the file, and an id that means nothing here.
#include "store/run_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/store/stored_example.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

TEST(RunLock, IsHeldUntilItsProcessDies) {
  const TemporaryDirectory folder;
  const auto path = folder / "results.db";
  auto file = ResultsFile::open_for_writing(path);
  const auto run_id = store_example(file);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = RunLock::take(path, run_id);
    {
      auto results = ResultsFile::open_for_writing(path);  // closed again: the lock outlasts it
      results.add_note(run_id, "by the child");
    }
    const char is_held = lock ? 1 : 0;
    [[maybe_unused]] const auto written = write(ends[1], &is_held, 1);
    pause();
    _exit(0);
  }
  char is_held = 0;
  ASSERT_EQ(read(ends[0], &is_held, 1), 1);
  EXPECT_EQ(is_held, 1);
  EXPECT_FALSE(RunLock::take(path, run_id));
  EXPECT_TRUE(RunLock::take(path, run_id + 1)) << "another run of the file";
  file.add_note(run_id, "beside the lock");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(RunLock::take(path, run_id));
  EXPECT_EQ(file.load_run(run_id).run.notes.size(), 3u);
  close(ends[0]);
  close(ends[1]);
}

TEST(RunLock, IsGivenBackWithTheObject) {
  const TemporaryDirectory folder;
  const auto path = folder / "results.db";
  auto file = ResultsFile::open_for_writing(path);
  {
    const auto lock = RunLock::take(path, 1);
    EXPECT_TRUE(lock);
    EXPECT_FALSE(RunLock::take(path, 1));
    EXPECT_TRUE(RunLock::is_taken(path, 1));
    EXPECT_FALSE(RunLock::is_taken(path, 2));
  }
  EXPECT_FALSE(RunLock::is_taken(path, 1));
  EXPECT_TRUE(RunLock::take(path, 1));
}

}  // namespace
}  // namespace lstmbench
