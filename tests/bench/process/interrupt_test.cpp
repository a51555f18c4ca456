// Signals are the whole process's, so each test plays the harness in a process of its own.
#include "process/interrupt.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "bench/process/misbehaving_worker.h"
#include "process/worker_session.h"

namespace lstmbench {
namespace {

using namespace std::chrono_literals;

template <typename Act>
int exit_status_of(const Act& act) {
  const pid_t pid = fork();
  if (pid == 0) {
    try {
      _exit(act());
    } catch (...) {  // must not reach GoogleTest, which would go on with its tests in the child
      _exit(99);
    }
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Interrupt, TheFirstSignalSetsFlagAndDescriptor) {
  for (const int number : {SIGINT, SIGTERM}) {
    EXPECT_EQ(exit_status_of([&] {
                catch_interrupts();
                pollfd descriptor{interrupt_descriptor(), POLLIN, 0};
                if (is_interrupted() || interrupting_signal() != 0 || poll(&descriptor, 1, 0) != 0) return 1;
                raise(number);
                if (!is_interrupted() || interrupting_signal() != number) return 2;
                return poll(&descriptor, 1, 0) == 1 ? 0 : 3;
              }),
              0);
  }
}

TEST(Interrupt, TheSecondSignalEndsTheProcess) {
  EXPECT_EQ(exit_status_of([] {
              catch_interrupts();
              raise(SIGINT);
              raise(SIGTERM);
              return 0;
            }),
            128 + SIGTERM);
}

// A terminal that is closed: its shell sends SIGHUP, then the kernel; a session that ends adds SIGTERM.
TEST(Interrupt, OnlyImpatienceEndsTheProcessAtOnce) {
  const auto outlives = [](std::initializer_list<int> signals) {
    return exit_status_of([&] {
      catch_interrupts();
      for (const int number : signals) raise(number);
      return interrupting_signal();
    });
  };
  EXPECT_EQ(outlives({SIGHUP, SIGHUP, SIGHUP}), SIGHUP);
  EXPECT_EQ(outlives({SIGHUP, SIGTERM, SIGHUP}), SIGHUP);
  EXPECT_EQ(outlives({SIGTERM, SIGHUP, SIGPIPE}), SIGTERM);
  EXPECT_EQ(outlives({SIGPIPE, SIGPIPE, SIGINT}), SIGPIPE);
  EXPECT_EQ(outlives({SIGHUP, SIGINT, SIGINT}), 128 + SIGINT);
  EXPECT_EQ(outlives({SIGINT, SIGHUP, SIGTERM}), 128 + SIGTERM);
}

TEST(Interrupt, EndsTheWaitForAWorker) {
  EXPECT_EQ(exit_status_of([] {
              catch_interrupts();
              WorkerSession session(misbehaving_worker("hang", "run"));
              session.hello(30s);
              std::thread user([] {
                std::this_thread::sleep_for(200ms);
                kill(getpid(), SIGINT);
              });
              user.detach();
              try {
                session.run(1, 1000s);
              } catch (const WorkerFailure& failure) {
                return failure.status == Status::interrupted ? 42 : 1;
              }
              return 2;
            }),
            42);
}

TEST(Interrupt, TheSecondSignalKillsTheWorkers) {
  int report[2];
  ASSERT_EQ(pipe(report), 0);
  const int status = exit_status_of([&] {
    catch_interrupts();
    WorkerSession session(misbehaving_worker("hang-with-child", "start"));
    std::string log;
    while (log.find('\n') == std::string::npos) {
      std::this_thread::sleep_for(10ms);
      log = session.log();
    }
    const int child = std::stoi(log.substr(6));
    [[maybe_unused]] const auto written = write(report[1], &child, sizeof child);
    raise(SIGINT);
    raise(SIGINT);
    return 0;
  });
  EXPECT_EQ(status, 130);
  int child = 0;
  ASSERT_EQ(read(report[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  close(report[0]);
  close(report[1]);
  // The child's parent is gone; whoever adopts it may take a moment to bury it.
  bool is_gone = false;
  for (int i = 0; i < 200 && !is_gone; ++i) {
    std::string path = "/proc/" + std::to_string(child) + "/cmdline";
    FILE* file = fopen(path.c_str(), "r");
    is_gone = !file || fgetc(file) == EOF;  // a zombie has no command line
    if (file) fclose(file);
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_TRUE(is_gone);
}

}  // namespace
}  // namespace lstmbench
