#include "process/worker_session.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <thread>

#include "bench/process/misbehaving_worker.h"
#include "run/own_cpu_time.h"
#include "workload/builtin.h"

namespace lstmbench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr auto patience = 30s;      // for what has to come
constexpr auto short_time = 400ms;  // for what never comes

Case echo_case() {
  Case a_case;
  a_case.workload = *builtin_workload("1x320/CE-short");
  a_case.implementation = "echo/plain@tuned";
  return a_case;
}

// Asks for everything in turn; "run" is the fourth request.
void converse(WorkerSession& session, WorkerSession::Timeout timeout) {
  session.hello(timeout);
  session.prepare(echo_case(), "/nowhere", timeout);
  session.check("/nowhere", timeout);
  session.run(3, timeout);
  session.memory(timeout);
  session.peak(2, 0.5, true, timeout);
  session.quit(timeout);
}

struct Ending {
  Status status = Status::ok;
  std::string message;
  bool is_usable = true;
  std::string log;
};

Ending ending_of(const WorkerCommand& command, WorkerSession::Timeout timeout = patience) {
  WorkerSession session(command);
  try {
    converse(session, timeout);
  } catch (const WorkerFailure& failure) {
    return {failure.status, failure.what(), failure.is_session_usable, session.log()};
  }
  return {Status::ok, "", true, session.log()};
}

// Gone, or a zombie that only its parent's wait keeps.
bool has_ended(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(stat, line)) return true;
  const char state = line.at(line.rfind(')') + 2);
  return state == 'Z' || state == 'X';
}

bool ends_soon(int pid) {
  for (int i = 0; i < 200; ++i) {
    if (has_ended(pid)) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

int child_named_in(const std::string& log) {
  const auto at = log.find("child ");
  return at == std::string::npos ? -1 : std::stoi(log.substr(at + 6));
}

TEST(WorkerSession, AnswersOfAProperWorkerArrive) {
  WorkerSession session(misbehaving_worker());
  const Hello hello = session.hello(patience);
  EXPECT_EQ(hello.library, "echo");
  EXPECT_EQ(hello.build.at("pid"), std::to_string(session.pid()));
  EXPECT_EQ(getpgid(session.pid()), session.pid());
  const Prepared prepared = session.prepare(echo_case(), "/nowhere", patience);
  EXPECT_EQ(prepared.workspace_bytes, 1000);
  EXPECT_THAT(prepared.description, HasSubstr("\"implementation\": \"echo/plain\""));
  EXPECT_EQ(session.check("/nowhere", patience), 2.5);
  const WorkerSession::Run run = session.run(3, patience);
  EXPECT_EQ(run.steps.size(), 3u);
  EXPECT_EQ(run.steps[2].headline_ns(), 63);
  EXPECT_GT(run.elapsed_ns, 0);
  EXPECT_EQ(session.memory(patience).peak_rss_bytes, 12345);
  EXPECT_EQ(session.peak(2, 0.5, false, patience).fp32_gflops, 470.5);
  session.quit(patience);
  EXPECT_TRUE(has_ended(session.pid()));
  EXPECT_THROW(session.hello(patience), WorkerFailure);
}

struct Misbehaviour {
  const char* name;
  Status status;
  const char* message;  // part of it
};

void PrintTo(const Misbehaviour& misbehaviour, std::ostream* out) {
  *out << misbehaviour.name;
}

class WhatRunMayDo : public testing::TestWithParam<Misbehaviour> {};

TEST_P(WhatRunMayDo, EndsInItsStatus) {
  const Ending ending = ending_of(misbehaving_worker(GetParam().name));
  EXPECT_EQ(to_string(ending.status), to_string(GetParam().status)) << ending.message;
  EXPECT_THAT(ending.message, HasSubstr(GetParam().message));
  EXPECT_FALSE(ending.is_usable);
  EXPECT_LT(ending.message.size(), 1000u);
}

INSTANTIATE_TEST_SUITE_P(
    WorkerSession, WhatRunMayDo,
    testing::Values(
        Misbehaviour{"segv", Status::crashed, "killed by SIGSEGV during 'run'"},
        Misbehaviour{"sigkill", Status::crashed, "out-of-memory killer"},
        Misbehaviour{"exit0", Status::crashed, "exited with code 0 during 'run'"},
        Misbehaviour{"exit3", Status::crashed, "exited with code 3 during 'run'"},
        Misbehaviour{"exit139", Status::crashed, "exited with code 139 (128 + SIGSEGV)"},
        Misbehaviour{"garbage", Status::failed, "not a JSON object: 'Segmentation \\x1b[31mfault\\x07'"},
        Misbehaviour{"array", Status::failed, "not a JSON object: '[1, 2]'"},
        Misbehaviour{"other-id", Status::failed, "its id is not that of the request (4): '{\"id\": 999"},
        Misbehaviour{"text-id", Status::failed, "its id is not that of the request (4)"},
        Misbehaviour{"no-result", Status::failed, "'result' is missing"},
        Misbehaviour{"result-and-error", Status::failed, "both a result and an error"},
        Misbehaviour{"empty-line", Status::failed, "not a JSON object: ''"},
        Misbehaviour{"empty-result", Status::failed, "'steps' is missing"},
        Misbehaviour{"deep", Status::failed, "'result' is not an object"},
        Misbehaviour{"huge-number", Status::failed, "not a JSON object"},
        Misbehaviour{"bare-nan", Status::failed, "not a JSON object"},
        Misbehaviour{"long-line", Status::failed, "longer than 1 MiB: 'yyyyy"},
        Misbehaviour{"half-line-exit", Status::failed, "its last line is incomplete: '{\"id\": 4, \"resu'"},
        Misbehaviour{"half-line-segv", Status::crashed, "killed by SIGSEGV"},
        Misbehaviour{"invalid-utf8", Status::failed,
                     "not UTF-8: '{\"id\": 4, \"result\": {\"loss\": 1, \"x\": "
                     "\"\\xff\\xfe\"}}'"},
        Misbehaviour{"negative-times", Status::failed, "'backward_ns' is negative"},
        Misbehaviour{"absurd-times", Status::failed, "'backward_ns' is absurdly large"},
        Misbehaviour{"immeasurable-times", Status::failed, "'backward_ns' is absurdly large"},
        Misbehaviour{"float-times", Status::failed, "'backward_ns' is not a whole number"},
        Misbehaviour{"text-times", Status::failed, "'backward_ns' is not a whole number"},
        Misbehaviour{"null-loss", Status::failed, "'loss' is neither a number nor"},
        Misbehaviour{"too-few-steps", Status::failed, "it has 1 steps, asked for were 3"},
        Misbehaviour{"unknown-kind", Status::failed, "'kind' is none of"},
        Misbehaviour{"fork-and-die", Status::crashed, "killed by SIGSEGV"},
        Misbehaviour{"fork-and-exit", Status::crashed, "exited with code 0"},
        Misbehaviour{"close-channel", Status::failed, "closed its channel during 'run'"}),
    [](const auto& tested) {
      std::string name = tested.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

class WhenToHang : public testing::TestWithParam<const char*> {};

TEST_P(WhenToHang, EndsInTimeout) {
  WorkerSession session(misbehaving_worker("hang", GetParam()));
  // Only the request that hangs gets the short time: the others must not fail on a busy machine.
  const auto timeout = [&](const char* request) -> WorkerSession::Timeout {
    return std::string(GetParam()) == request ? WorkerSession::Timeout(short_time) : patience;
  };
  try {
    session.hello(timeout("hello"));
    session.prepare(echo_case(), "/nowhere", timeout("prepare"));
    session.check("/nowhere", timeout("check"));
    session.run(1, timeout("run"));
    session.memory(timeout("memory"));
    session.peak(1, 0.1, false, timeout("peak"));
    session.quit(timeout("quit"));
    FAIL() << "nothing hung";
  } catch (const WorkerFailure& failure) {
    EXPECT_EQ(to_string(failure.status), "TIMEOUT") << failure.what();
    EXPECT_THAT(failure.what(), HasSubstr("'" + std::string(GetParam()) + "'"));
    EXPECT_FALSE(failure.is_session_usable);
  }
  EXPECT_TRUE(has_ended(session.pid()));
}

INSTANTIATE_TEST_SUITE_P(WorkerSession, WhenToHang,
                         testing::Values("hello", "prepare", "check", "run", "memory", "peak", "quit"));

TEST(WorkerSession, HangingBeforeTheFirstRequestEndsInTimeout) {
  EXPECT_EQ(ending_of(misbehaving_worker("hang", "start"), short_time).status, Status::timeout);
}

TEST(WorkerSession, AWorkerThatIgnoresSigtermIsKilled) {
  WorkerSession session(misbehaving_worker("hang-ignoring-sigterm", "hello"));
  EXPECT_THROW(session.hello(1000ms), WorkerFailure);
  EXPECT_TRUE(has_ended(session.pid()));
}

TEST(WorkerSession, HalfALineAndThenNothingIsATimeout) {
  WorkerSession session(misbehaving_worker("half-line-hang", "hello"));
  try {
    session.hello(1000ms);
    FAIL();
  } catch (const WorkerFailure& failure) {
    EXPECT_EQ(failure.status, Status::timeout);
  }
}

TEST(WorkerSession, AReplyThatComesByteByByteIsWhole) {
  EXPECT_EQ(ending_of(misbehaving_worker("slowly", "hello")).status, Status::ok);
}

TEST(WorkerSession, LossesThatAreNotFiniteArrive) {
  WorkerSession nan(misbehaving_worker("nan-loss"));
  EXPECT_TRUE(std::isnan(nan.run(1, patience).steps[0].loss));
  WorkerSession infinite(misbehaving_worker("infinite-loss"));
  EXPECT_EQ(infinite.run(1, patience).steps[0].loss, -std::numeric_limits<double>::infinity());
}

TEST(WorkerSession, ErrorRepliesLeaveTheSessionUsable) {
  const std::pair<const char*, Status> kinds[] = {{"unsupported", Status::unsupported},
                                                  {"out-of-memory", Status::out_of_memory},
                                                  {"bad-request", Status::failed},
                                                  {"failed", Status::failed}};
  for (const auto& [kind, status] : kinds) {
    WorkerSession session(misbehaving_worker(kind, "check"));
    try {
      session.check("/nowhere", patience);
      FAIL() << kind;
    } catch (const WorkerFailure& failure) {
      EXPECT_EQ(to_string(failure.status), to_string(status));
      EXPECT_TRUE(failure.is_session_usable);
      EXPECT_THAT(failure.what(), Not(HasSubstr("\x1b")));
    }
    EXPECT_EQ(session.hello(patience).library, "echo");
  }
}

TEST(WorkerSession, AFloodOnStandardOutputNeitherBlocksNorIsKept) {
  WorkerSession session(misbehaving_worker("flood"));
  EXPECT_EQ(session.run(2, patience).steps.size(), 2u);
  const std::string log = session.log();
  EXPECT_LE(log.size(), 64u * 1024);
  EXPECT_THAT(log, testing::EndsWith("the end of the flood\n"));
}

TEST(WorkerSession, WaitingForAWorkerThatClosedItsLogTakesNoProcessor) {
  const std::int64_t before_ns = own_cpu_ns();
  EXPECT_EQ(ending_of(misbehaving_worker("close-log-and-be-slow")).status, Status::ok);
  EXPECT_LT(own_cpu_ns() - before_ns, 300'000'000);  // of the second that its step takes
}

TEST(WorkerSession, AFloodWithoutEndIsATimeout) {
  EXPECT_EQ(ending_of(misbehaving_worker("flood-forever", "hello"), 1000ms).status, Status::timeout);
}

TEST(WorkerSession, TheLogOfAWorkerThatEndsIsWhole) {
  EXPECT_THAT(ending_of(misbehaving_worker("exit3")).log, HasSubstr("last words"));
}

TEST(WorkerSession, NoChildOfTheWorkerIsLeftBehind) {
  for (const char* behaviour : {"fork-and-die", "fork-and-exit", "hang-with-child"}) {
    int child = -1;
    {
      WorkerSession session(misbehaving_worker(behaviour));
      session.hello(patience);  // its interpreter has started
      EXPECT_THROW(session.run(1, 2000ms), WorkerFailure) << behaviour;
      child = child_named_in(session.log());
    }
    ASSERT_GT(child, 0) << behaviour;
    EXPECT_TRUE(ends_soon(child)) << behaviour;
  }
}

TEST(WorkerSession, LeavingTheScopeEndsTheWorker) {
  int pid = 0;
  {
    WorkerSession session(misbehaving_worker());
    session.hello(patience);
    pid = session.pid();
  }
  EXPECT_TRUE(has_ended(pid));
}

TEST(WorkerSession, ARequestThatNobodyReadsIsATimeoutHoweverLong) {
  WorkerSession session(misbehaving_worker("never-reads"));
  EXPECT_THROW(
      {
        try {
          session.check(std::string(500'000, 'd'), short_time);
        } catch (const WorkerFailure& failure) {
          EXPECT_EQ(failure.status, Status::timeout);
          throw;
        }
      },
      WorkerFailure);
}

TEST(WorkerSession, AWorkerThatStopsReadingFailsTheNextRequest) {
  WorkerSession session(misbehaving_worker("close-requests", "hello"));
  session.hello(patience);
  try {
    // The first of these may still find the channel open.
    for (int i = 0; i < 100; ++i) session.memory(300ms);
    FAIL();
  } catch (const WorkerFailure& failure) {
    EXPECT_NE(failure.status, Status::ok);
    EXPECT_FALSE(failure.is_session_usable);
  }
}

TEST(WorkerSession, ASecondReplyIsNotTakenForTheNextOne) {
  WorkerSession session(misbehaving_worker("reply-twice", "hello"));
  session.hello(patience);
  try {
    session.memory(patience);
    FAIL();
  } catch (const WorkerFailure& failure) {
    EXPECT_EQ(failure.status, Status::failed);
    EXPECT_THAT(failure.what(), HasSubstr("\"id\": 1"));
  }
}

TEST(WorkerSession, AReplyWrittenAheadOfItsRequestIsRefused) {
  WorkerSession session(misbehaving_worker("reply-ahead", "hello"));
  session.hello(patience);
  try {
    session.run(1, patience);
    FAIL();
  } catch (const WorkerFailure& failure) {
    EXPECT_EQ(failure.status, Status::failed);
    EXPECT_THAT(failure.what(), HasSubstr("wrote before 'run' was asked: '{\"id\": 2"));
  }
}

TEST(WorkerSession, QuitWantsStatusZero) {
  WorkerSession session(misbehaving_worker("reply-then-exit3", "quit"));
  EXPECT_THROW(session.quit(patience), WorkerFailure);
}

TEST(WorkerSession, HangingUpEndsAProperWorkerAndNotAnotherOne) {
  WorkerSession proper(misbehaving_worker());
  proper.hello(patience);
  EXPECT_NO_THROW(proper.hang_up(patience));
  EXPECT_THAT(proper.log(), HasSubstr("end of requests"));
  WorkerSession stubborn(misbehaving_worker("ignores-end-of-file"));
  EXPECT_THROW(stubborn.hang_up(short_time), WorkerFailure);
  EXPECT_TRUE(has_ended(stubborn.pid()));
}

TEST(WorkerSession, AProgramThatCannotBeStartedIsNamed) {
  const auto message = [](std::vector<std::string> arguments) -> std::string {
    try {
      WorkerSession session({"none", std::move(arguments), {}});
      return "it started";
    } catch (const WorkerFailure& failure) {
      return to_string(failure.status) + ": " + failure.what();
    }
  };
  EXPECT_EQ(message({"no-such-program"}), "FAILED: no program 'no-such-program' in PATH");
  EXPECT_EQ(message({"/no/such/program"}),
            "FAILED: cannot start '/no/such/program': No such file or directory");
  EXPECT_EQ(message({"/etc/passwd"}), "FAILED: cannot start '/etc/passwd': Permission denied");
  EXPECT_EQ(message({}), "FAILED: the worker's command is empty");
}

TEST(WorkerSession, TheEnvironmentIsOursAndTheAdditions) {
  WorkerCommand command{"shell", {"sh", "-c", "echo $ADDED $PATH; exit 7"}, {{"ADDED", "an addition"}}};
  WorkerSession session(command);
  EXPECT_THROW(session.hello(patience), WorkerFailure);
  EXPECT_EQ(session.log(), "an addition " + std::string(getenv("PATH")) + "\n");
}

TEST(WorkerSession, TheWorkerGetsNoOtherDescriptors) {
  const int leaked = fcntl(1, F_DUPFD, 50);  // on purpose without close-on-exec
  WorkerSession session({"shell", {"sh", "-c", "exec ls /proc/self/fd"}, {}});
  EXPECT_THROW(session.hello(patience), WorkerFailure);
  close(leaked);
  std::istringstream lines(session.log());
  std::set<int> descriptors;
  for (int descriptor; lines >> descriptor;) descriptors.insert(descriptor);
  // ls has the folder itself open, as the lowest free number.
  EXPECT_EQ(descriptors, (std::set<int>{0, 1, 2, 3, 4, 5}));
}

TEST(WorkerSession, AKilledHarnessLeavesNoWorker) {
  int report[2];
  ASSERT_EQ(pipe(report), 0);
  const pid_t harness = fork();
  if (harness == 0) {
    try {
      WorkerSession session(misbehaving_worker("ignores-end-of-file"));
      session.hello(patience);
      const int pid = session.pid();
      [[maybe_unused]] const auto written = write(report[1], &pid, sizeof pid);
      std::this_thread::sleep_for(1000s);
    } catch (...) {  // must not reach GoogleTest, which would go on with its tests in the child
    }
    _exit(99);
  }
  close(report[1]);
  int worker = 0;
  ASSERT_EQ(read(report[0], &worker, sizeof worker), static_cast<ssize_t>(sizeof worker));
  close(report[0]);
  kill(harness, SIGKILL);
  waitpid(harness, nullptr, 0);
  EXPECT_TRUE(ends_soon(worker));
}

}  // namespace
}  // namespace lstmbench
