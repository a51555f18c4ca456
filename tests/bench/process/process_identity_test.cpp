#include "process/process_identity.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lstmbench {
namespace {

TEST(ProcessIdentity, OwnProcessRunsAndStrangersDoNot) {
  const SystemFiles files;
  const std::string own = own_process_identity(files);
  EXPECT_TRUE(is_running(own, files)) << own;
  EXPECT_FALSE(is_running("", files));
  EXPECT_FALSE(is_running("pid 1 started 0 boot x", files));
  std::string earlier = own;  // the same number, given to another process before
  earlier.insert(earlier.find("started ") + 8, "9");
  EXPECT_FALSE(is_running(earlier, files)) << earlier;
  EXPECT_TRUE(is_running(own.substr(0, own.find(" host ")), files)) << "as it was stored before hosts were";
}

TEST(ProcessIdentity, ADeadProcessDoesNotRunEvenBeforeItIsBuried) {
  const SystemFiles files;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string identity = own_process_identity(files);
    [[maybe_unused]] const auto written = write(ends[1], identity.data(), identity.size());
    pause();
    _exit(0);
  }
  char text[500];
  const auto got = read(ends[0], text, sizeof text);
  ASSERT_GT(got, 0);
  const std::string identity(text, static_cast<std::size_t>(got));
  EXPECT_TRUE(is_running(identity, files));
  kill(child, SIGKILL);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_FALSE(is_running(identity, files));
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(is_running(identity, files));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace lstmbench
