// Proper and wrong workers against the real reference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "bench/check/wrong_worker.h"
#include "check/check.h"
#include "check/timing_honesty.h"
#include "check/trajectory.h"
#include "store/database.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto patience = 60s;

Workload small(Loss loss) {
  Workload workload;
  workload.name = "small";
  workload.layers = 2;
  workload.units = 9;
  workload.directions = 2;
  workload.classes = 7;
  workload.loss = loss;
  workload.samples = 4;
  workload.time_steps = 12;
  workload.channels = 5;
  workload.labels = loss == Loss::ctc ? 3 : 1;
  workload.min_length = 5;
  return workload;
}

Case case_of(const WorkerCommand& worker, Loss loss, const std::string& implementation = "native/fused") {
  Case a_case;
  a_case.workload = small(loss);
  a_case.implementation = implementation;
  a_case.worker = worker;
  return a_case;
}

CheckResult check(const WorkerCommand& worker, Loss loss,
                  const std::string& implementation = "native/fused") {
  const TemporaryDirectory directory;
  const ReferenceResults reference(small(loss), false, native_worker(), directory / "reference", 1);
  WorkerSession session(worker);
  return check_case(session, case_of(worker, loss, implementation), reference, directory.path(), patience);
}

TEST(CheckCase, ProperImplementationsPass) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    for (const char* implementation : {"native/basic", "native/fused"}) {
      const CheckResult result = check(native_worker(), loss, implementation);
      EXPECT_TRUE(result.passed) << implementation << ": " << result.explanation;
      EXPECT_GT(result.worst.relative_error, 0) << "compared with itself?";
    }
  }
}

TEST(CheckCase, AWorkerBehindAProxyWithoutMistakePasses) {
  const CheckResult result = check(wrong_worker("none"), Loss::ctc);
  EXPECT_TRUE(result.passed) << result.explanation;
}

struct Mistake {
  const char* name;
  const char* explanation;  // part of it
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

class WrongWorker : public testing::TestWithParam<Mistake> {};

TEST_P(WrongWorker, DoesNotPassTheCheck) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const CheckResult result = check(wrong_worker(GetParam().name), loss);
    EXPECT_FALSE(result.passed);
    EXPECT_THAT(result.explanation, HasSubstr(GetParam().explanation));
  }
}

INSTANTIATE_TEST_SUITE_P(
    CheckCase, WrongWorker,
    testing::Values(Mistake{"swapped-gates", "loss is"}, Mistake{"ignores-lengths", "loss is"},
                    Mistake{"missing-bias-gradient", "gradient of layer0.forward.b_R is 1.0e+00 off"},
                    Mistake{"slightly-wrong-gradient", "gradient of layer0.forward.b_R is 1.0e-03 off"},
                    Mistake{"nan-gradient",
                            "gradient of layer0.forward.b_R holds 1 values that are not finite"},
                    Mistake{"missing-file", "gradient of layer0.forward.b_R cannot be read"},
                    Mistake{"misshapen-file", "has shape (36, 1), expected (36,)"},
                    Mistake{"wrong-loss", "loss is"}, Mistake{"nan-loss", "loss is nan"},
                    Mistake{"no-backward", "training steps do not apply the checked gradients"}),
    [](const auto& tested) {
      std::string name = tested.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

// Two `run` requests after a check, as a measurement makes them.
std::vector<WorkerSession::Run> runs_of(const WorkerCommand& worker) {
  const TemporaryDirectory directory;
  const ReferenceResults reference(small(Loss::ctc), false, native_worker(), directory / "reference", 1);
  WorkerSession session(worker);
  Case a_case = case_of(worker, Loss::ctc);
  a_case.workload = reference.checked_workload();
  session.prepare(a_case, reference.problem(), patience);
  return {session.run(3, patience), session.run(3, patience)};
}

TEST(TimingOfAWorker, ThatWasNotSpentIsAFault) {
  const auto proper = runs_of(wrong_worker("none"));
  EXPECT_EQ(timing_fault(proper[0], true), std::nullopt);
  EXPECT_EQ(timing_fault(proper[1], false), std::nullopt);
  EXPECT_NE(timing_fault(runs_of(wrong_worker("time-not-spent"))[0], true), std::nullopt);
  EXPECT_NE(timing_fault(runs_of(wrong_worker("time-hidden"))[1], false), std::nullopt);
}

TEST(TrajectoryOfAWorker, WithoutBackwardIsAFault) {
  std::vector<Trajectory> trajectories;
  for (const char* mistake : {"none", "no-backward"}) {
    trajectories.push_back({mistake, "fp32", {}});
    const auto runs = runs_of(wrong_worker(mistake));
    for (const StepTimes& step : runs[0].steps) trajectories.back().losses.push_back(step.loss);
  }
  const auto faults = compare_trajectories(trajectories);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].case_id, "no-backward");
}

TEST(ReferenceResults, AtFullSizeCoverTheWholeWorkload) {
  const TemporaryDirectory directory;
  Workload workload = small(Loss::ctc);
  workload.samples = 6;
  const ReferenceResults whole(workload, true, native_worker(), directory / "whole", 1);
  EXPECT_EQ(whole.checked_workload().samples, 6);
  EXPECT_TRUE(whole.losses().empty());
  WorkerSession session(native_worker());
  const Case a_case = case_of(native_worker(), Loss::ctc);
  const CheckResult result = check_case(session, a_case, whole, directory.path(), patience);
  EXPECT_TRUE(result.passed) << result.explanation;
}

std::string storage_error(const std::filesystem::path& directory) {
  try {
    ReferenceResults(small(Loss::ctc), false, native_worker(), directory, 1);
  } catch (const StorageError& error) {
    return error.what();
  }
  return "";
}

TEST(ReferenceResults, ThatHaveNoRoomSayWhatToDo) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "no folder";
  EXPECT_THAT(storage_error(directory / "file"), HasSubstr("TMPDIR"));
  // A limit on the size of files stands for a full disk; in a child, for it cannot be taken back.
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{256, 256};
    setrlimit(RLIMIT_FSIZE, &limit);
    _exit(storage_error(directory / "full").find("TMPDIR") == std::string::npos);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(ReferenceResults, OfAWorkerThatLacksItThrow) {
  const TemporaryDirectory directory;
  EXPECT_THROW(ReferenceResults(small(Loss::ctc), false, {"none", {"false"}, {}}, directory / "reference", 1),
               WorkerFailure);
}

}  // namespace
}  // namespace lstmbench
