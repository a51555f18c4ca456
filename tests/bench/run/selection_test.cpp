#include "run/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/cost_model.h"
#include "run/glob.h"
#include "run/repeat_command.h"

namespace lstmbench {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

DiscoveredWorker worker(const std::string& name, const std::vector<std::string>& implementations) {
  Hello hello{name, "1.0", {}, {}};
  for (const auto& implementation : implementations)
    hello.implementations.push_back({implementation, "", {"fp32", "bf16"}, {"cpu"}});
  return {{name, {name}, {}}, hello, ""};
}

// As discover() gives it, without starting programs.
Discovery discovery() {
  Discovery result;
  result.workers = {worker("native", {"native/basic", "native/sequence"}),
                    worker("pytorch", {"pytorch/LSTMCell-basic", "pytorch/LSTM", "pytorch/LSTM-flipped"}),
                    {{"absent", {"absent"}, {}}, std::nullopt, "not installed"}};
  for (const auto& known : result.workers) {
    if (!known.hello) continue;
    for (const auto& info : known.hello->implementations)
      result.implementations.push_back({info.name, info, "1.0", known.command});
  }
  auto tuned = result.implementations[4];
  tuned.name += "@tuned";
  result.implementations.push_back(tuned);
  result.implementations.push_back(
      {"native/reference", {"native/reference", "", {"fp64"}, {"cpu"}}, "1.0", result.workers[0].command});
  return result;
}

RunOptions options() {
  RunOptions result;
  result.threads = {2};
  return result;
}

std::vector<std::string> names(const Plan& plan, const std::string& workload) {
  std::vector<std::string> result;
  for (const auto& planned : plan.cases)
    if (planned.a_case.workload.name == workload) result.push_back(planned.a_case.implementation);
  return result;
}

TEST(Selection, RepeatsWhatWorkersSayOfADtypeThatWillRun) {
  Discovery found = discovery();
  found.implementations[1].info.notes["bf16"] = "in software";
  RunOptions asked = options();
  EXPECT_TRUE(select_cases(asked, known_workloads({}), found, 470).notes.empty());
  asked.dtypes = {"fp32", "bf16"};
  EXPECT_THAT(select_cases(asked, known_workloads({}), found, 470).notes,
              ElementsAre("native/sequence bf16: in software"));
}

// A worker of another may offer what nobody here can check: that ends nothing, and is said.
TEST(Selection, ADtypeWithoutAToleranceIsUnsupported) {
  Discovery found = discovery();
  found.implementations[0].info.dtypes = {"fp32", "fp8"};
  RunOptions asked = options();
  asked.workloads = {"1x320/CE-short"};
  asked.implementations = {"native/*"};
  for (const bool is_every_dtype : {true, false}) {
    asked.dtypes = is_every_dtype ? std::vector<std::string>() : std::vector<std::string>{"fp32", "fp8"};
    int unsupported = 0, ok = 0;
    for (const auto& planned : select_cases(asked, known_workloads({}), found, 470).cases) {
      ok += planned.status == Status::ok;
      if (planned.a_case.dtype != "fp8") continue;
      ++unsupported;
      EXPECT_EQ(planned.a_case.implementation, "native/basic");
      EXPECT_EQ(planned.status, Status::unsupported);
      EXPECT_THAT(planned.problem, HasSubstr("dtype fp8 is offered by native/basic"));
    }
    EXPECT_EQ(unsupported, 1);
    EXPECT_GE(ok, 2);
  }
}

TEST(Selection, WhatIsNamedTwiceIsTakenOnce) {
  RunOptions twice = options();
  twice.workloads = {"1x320/CE-short", "1x320/CE-*"};
  twice.implementations = {"native/basic", "native/b*", "native/basic", "absent/x", "absent/x"};
  twice.dtypes = {"fp32", "bf16", "fp32"};
  twice.threads = {2, 1, 2};
  const Plan plan = select_cases(twice, known_workloads({}), discovery(), 470);
  EXPECT_EQ(names(plan, "1x320/CE-short").size(), 2u * 2 * 2);
}

TEST(Selection, TwoWorkersThatOfferTheSameAreRefusedByName) {
  Discovery doubled = discovery();
  doubled.implementations.push_back(doubled.implementations[0]);
  doubled.implementations.back().worker.name = "mine";
  RunOptions asked = options();
  asked.implementations = {"native/*"};
  try {
    select_cases(asked, known_workloads({}), doubled, 470);
    ADD_FAILURE() << "taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("'native' and 'mine' both offer native/basic 1.0"));
  }
}

TEST(Selection, OnAnotherDeviceWhatCannotRunThereIsTold) {
  Discovery with_gpus = discovery();
  for (const char* name : {"cuda/fused", "cudnn/standard"})
    with_gpus.implementations.push_back({name, {name, "", {"fp32", "tf32"}, {"cuda"}}, "1.0", {}});
  with_gpus.implementations.back().info.unavailable = "no CUDA device";
  RunOptions on_gpu = options();
  EXPECT_THAT(names(select_cases(on_gpu, known_workloads({}), with_gpus, 470), "1x320/CE-short"),
              Not(Contains("cuda/fused")));
  on_gpu.device = "cuda";
  const Plan plan = select_cases(on_gpu, known_workloads({}), with_gpus, 470);
  EXPECT_THAT(names(plan, "1x320/CE-short"), ElementsAre("cuda/fused", "cudnn/standard"));
  EXPECT_EQ(plan.cases.at(0).status, Status::ok);
  EXPECT_EQ(plan.cases.at(1).status, Status::unsupported);
  EXPECT_EQ(plan.cases.at(1).problem, "no CUDA device");
  EXPECT_THAT(repeat_command(plan.cases[0].a_case, {}), HasSubstr("--device cuda"));
}

TEST(Selection, ByDefaultTheOriginalsFourWorkloads) {
  std::vector<std::string> selected;
  for (const auto& workload : select_workloads({}, known_workloads({}))) selected.push_back(workload.name);
  EXPECT_THAT(selected, ElementsAre("1x320/CE-short", "1x320/CE-long", "4x320/CE-long", "4x320/CTC-long"));
}

TEST(Selection, ByDefaultWhatMakesSenseForAWorkload) {
  const Plan plan = select_cases(options(), known_workloads({}), discovery(), 470);
  EXPECT_THAT(names(plan, "1x320/CE-short"),
              ElementsAre("native/basic", "native/sequence", "pytorch/LSTMCell-basic", "pytorch/LSTM",
                          "pytorch/LSTM-flipped"));
  EXPECT_THAT(names(plan, "4x320/CE-long"), Not(Contains("pytorch/LSTMCell-basic")));
  EXPECT_THAT(names(plan, "4x320/CTC-long"), Contains("pytorch/LSTM-flipped@tuned"));
  EXPECT_THAT(names(plan, "4x320/CTC-long"), Not(Contains("pytorch/LSTM")));  // it knows no lengths
  EXPECT_THAT(plan.left_out,
              Contains(HasSubstr("left out: pytorch/LSTMCell-basic on 4x320/CE-long, 4x320/CTC-long (")));
}

TEST(Selection, ALibraryThatWasNotAddedIsNamedWithTheCommandThatAddsIt) {
  RunOptions asked = options();
  for (const char* name : {"jax/LSTM", "jax/*"}) {
    asked.implementations = {name};
    EXPECT_THAT([&] { select_cases(asked, known_workloads({}), discovery(), 470); },
                ::testing::ThrowsMessage<UnknownName>(HasSubstr("`lstmbench peers add jax` installs it")));
  }
  asked.implementations = {"pytorch/GRU"};
  EXPECT_THAT([&] { select_cases(asked, known_workloads({}), discovery(), 470); },
              ::testing::ThrowsMessage<UnknownName>(HasSubstr("unknown implementation 'pytorch/GRU'")));
}

TEST(Selection, ByDefaultXlaOfTensorFlowRunsOverFewSteps) {
  Discovery found = discovery();
  for (const char* name : {"tensorflow/LSTM", "tensorflow/LSTM-xla"})
    found.implementations.push_back(
        {name, {name, "", {"fp32"}, {"cpu"}}, "2.21.0", found.workers[0].command});
  const Plan plan = select_cases(options(), known_workloads({}), found, 470);
  EXPECT_THAT(names(plan, "1x320/CE-short"), Contains("tensorflow/LSTM-xla"));
  EXPECT_THAT(names(plan, "1x320/CE-long"), Not(Contains("tensorflow/LSTM-xla")));
  EXPECT_THAT(names(plan, "1x320/CE-long"), Contains("tensorflow/LSTM"));
  EXPECT_THAT(plan.left_out, Contains(HasSubstr("left out: tensorflow/LSTM-xla on 1x320/CE-long")));
}

TEST(Selection, ASlowMachineLeavesOutWhatCannotFinish) {
  const Plan plan = select_cases(options(), known_workloads({}), discovery(), 50);
  EXPECT_THAT(names(plan, "4x320/CE-long"), Not(Contains("native/basic")));
  EXPECT_THAT(plan.left_out, Contains(HasSubstr("left out: native/basic on 4x320/CE-long")));
  auto asked = options();
  asked.implementations = {"native/basic"};
  EXPECT_THAT(names(select_cases(asked, known_workloads({}), discovery(), 50), "4x320/CE-long"),
              ElementsAre("native/basic"));
}

TEST(Selection, PatternsAndNames) {
  auto asked = options();
  asked.workloads = {"4x320/CTC-*"};
  asked.implementations = {"*/LSTM", "native/basic"};
  const Plan plan = select_cases(asked, known_workloads({}), discovery(), 470);
  EXPECT_EQ(plan.workloads.size(), 2u);
  EXPECT_THAT(names(plan, "4x320/CTC-padded"), ElementsAre("native/basic", "pytorch/LSTM"));
  EXPECT_TRUE(plan.cases[0].is_asked_for);
  EXPECT_FALSE(plan.cases[1].is_asked_for);  // a pattern is no name
}

TEST(Selection, NoPeersLeavesTheNativeLibrary) {
  auto asked = options();
  asked.leaves_out_peers = true;
  EXPECT_THAT(names(select_cases(asked, known_workloads({}), discovery(), 470), "1x320/CE-short"),
              ElementsAre("native/basic", "native/sequence"));
}

TEST(Selection, ADtypeThatIsNotThereIsUnsupportedOnlyWhereAskedFor) {
  auto asked = options();
  asked.dtypes = {"fp64"};
  asked.implementations = {"native/*", "pytorch/LSTM"};
  const Plan plan = select_cases(asked, known_workloads({}), discovery(), 470);
  EXPECT_THAT(names(plan, "1x320/CE-short"), ElementsAre("pytorch/LSTM", "native/reference"));
  EXPECT_EQ(plan.cases[0].status, Status::unsupported);
  EXPECT_THAT(plan.cases[0].problem, HasSubstr("fp64"));
}

TEST(Selection, WithoutADtypeThoseOfEachImplementation) {
  auto asked = options();
  asked.dtypes.clear();
  asked.workloads = {"1x320/CE-short"};
  asked.implementations = {"native/basic", "native/reference"};
  const Plan plan = select_cases(asked, known_workloads({}), discovery(), 470);
  std::vector<std::string> cases;
  for (const auto& planned : plan.cases) {
    EXPECT_EQ(planned.status, Status::ok) << planned.problem;
    cases.push_back(planned.a_case.implementation + " " + planned.a_case.dtype);
  }
  EXPECT_THAT(cases, ElementsAre("native/basic fp32", "native/basic bf16", "native/reference fp64"));
}

TEST(Selection, AnAbsentWorkersImplementationFailsAndTheOthersGoOn) {
  auto asked = options();
  asked.workloads = {"1x320/CE-short"};
  asked.implementations = {"absent/x", "native/basic"};
  const Plan plan = select_cases(asked, known_workloads({}), discovery(), 470);
  ASSERT_EQ(plan.cases.size(), 2u);
  EXPECT_EQ(plan.cases[0].status, Status::ok);
  EXPECT_EQ(plan.cases[1].status, Status::failed);
  EXPECT_THAT(plan.cases[1].problem, HasSubstr("not installed"));
}

TEST(Selection, TheBaselineRunsEvenWhereNotAskedFor) {
  auto asked = options();
  asked.implementations = {"native/sequence"};
  asked.baseline = "pytorch/LSTM";
  EXPECT_THAT(names(select_cases(asked, known_workloads({}), discovery(), 470), "1x320/CE-short"),
              ElementsAre("native/sequence", "pytorch/LSTM"));
}

std::string refusal(const RunOptions& asked) {
  try {
    select_cases(asked, known_workloads({}), discovery(), 470);
  } catch (const UnknownName& error) {
    return error.what();
  }
  return "";
}

TEST(Selection, UnknownNamesAreRefusedWithTheNearest) {
  auto asked = options();
  asked.workloads = {"1x320/CE-shrt"};
  EXPECT_THAT(refusal(asked), HasSubstr("did you mean '1x320/CE-short'?"));
  asked = options();
  asked.implementations = {"native/sequense"};
  EXPECT_THAT(refusal(asked), HasSubstr("did you mean 'native/sequence'?"));
  asked.implementations = {"nothing/*"};
  EXPECT_THAT(refusal(asked), HasSubstr("no implementation matches 'nothing/*'"));
  asked = options();
  asked.baseline = "pytorch/*";  // no pattern: it would be no case's name
  EXPECT_THROW(select_cases(asked, known_workloads({}), discovery(), 470), UnknownName);
  asked.baseline = "pytorch/LSTN";
  EXPECT_THAT(refusal(asked), HasSubstr("did you mean 'pytorch/LSTM'?"));
}

TEST(Glob, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches_glob("native/*", "native/basic"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("*a*b", "xaab"));
  EXPECT_TRUE(matches_glob("?x320/*", "4x320/CTC-long"));
  EXPECT_FALSE(matches_glob("native/?", "native/basic"));
  EXPECT_FALSE(matches_glob("LSTM", "LSTM-packed"));
  EXPECT_FALSE(matches_glob("", "x"));
}

TEST(CostModel, PackedBackwardIsKnownToBeHopeless) {
  const auto known = known_workloads({});
  const auto ctc = select_workloads({"4x320/CTC-long"}, known).front();
  const auto equal = select_workloads({"4x320/CE-long"}, known).front();
  const Case packed{ctc, "pytorch/LSTM-packed", "", "fp32", "cpu", 2, {}};
  EXPECT_GT(estimated_step_s(packed, 470), 60);
  const Case dense{equal, "pytorch/LSTM-packed", "", "fp32", "cpu", 2, {}};
  EXPECT_LT(estimated_step_s(dense, 470), 20);
}

TEST(CostModel, WorkersThatImportALibraryStartSlowly) {
  const auto start_s = [](const char* worker) {
    Case a_case;
    a_case.worker.name = worker;
    return estimated_start_s(a_case);
  };
  for (const char* slow : {"pytorch", "jax", "tensorflow"})
    EXPECT_GT(start_s(slow), 2 * start_s("native")) << slow;
}

TEST(RepeatCommand, NamesTheVersionThatWasAskedFor) {
  Case a_case;
  a_case.worker = {"pytorch", {"python"}, {}, "1.0.0"};
  EXPECT_THAT(repeat_command(a_case, {}), HasSubstr("--versions torch=1.0.0"));
  a_case.worker = {"jax", {"python"}, {}, "0.9.0"};
  EXPECT_THAT(repeat_command(a_case, {}), HasSubstr("--versions jax=0.9.0"));
}

// PyTorch 1.0.0, 2.0.1 and, where that is not installed, 9.9.
Discovery several_versions() {
  Discovery several = discovery();
  several.workers.pop_back();
  for (const char* version : {"1.0.0", "2.0.1"}) {
    several.workers.push_back(worker("pytorch", {"pytorch/LSTM", "pytorch/LSTM-packed"}));
    several.workers.back().hello->version = version;
    several.workers.back().command.version = version;
    for (const auto& info : several.workers.back().hello->implementations)
      several.implementations.push_back({info.name, info, version, several.workers.back().command});
  }
  several.workers.push_back({{"pytorch", {}, {}, "9.9"}, std::nullopt, "not installed"});
  return several;
}

// "1.0.0 OK" of each case of a workload.
std::vector<std::string> rows(const Plan& plan, const std::string& workload) {
  std::vector<std::string> result;
  for (const auto& planned : plan.cases)
    if (planned.a_case.workload.name == workload)
      result.push_back(planned.a_case.implementation + " " + planned.a_case.version + " " +
                       to_string(planned.status));
  return result;
}

TEST(Selection, VersionsThatAreMissingAreRowsAndOthersGoOn) {
  RunOptions asked = options();
  asked.workloads = {"1x320/CE-short"};
  asked.implementations = {"pytorch/LSTM-packed"};
  EXPECT_THAT(rows(select_cases(asked, known_workloads({}), several_versions(), 470), "1x320/CE-short"),
              ElementsAre("pytorch/LSTM-packed 1.0.0 OK", "pytorch/LSTM-packed 2.0.1 OK",
                          "pytorch/LSTM-packed 9.9 FAILED"));
}

TEST(Selection, AFileSelectsByWorkloadAndVersion) {
  RunOptions asked = options();
  asked.selections = {{{"1x320/CE-*"}, {"native/sequence"}, {}},
                      {{"1x320/CE-short"}, {"pytorch/LSTM-packed"}, {"2.*", "9.9"}}};
  const auto select = [&] { return select_cases(asked, known_workloads({}), several_versions(), 470); };
  EXPECT_THAT(rows(select(), "1x320/CE-short"),
              ElementsAre("native/sequence 1.0 OK", "pytorch/LSTM-packed 2.0.1 OK",
                          "pytorch/LSTM-packed 9.9 FAILED"));
  EXPECT_THAT(rows(select(), "1x320/CE-long"), ElementsAre("native/sequence 1.0 OK"));
  EXPECT_EQ(select().workloads.size(), 2u);
  EXPECT_TRUE(select().cases[0].is_asked_for);
  EXPECT_TRUE(select().left_out.empty());
}

TEST(Selection, FlagsAreStrongerThanTheFile) {
  RunOptions asked = options();
  asked.selections = {{{"1x320/*"}, {"native/sequence"}, {}}};
  asked.workloads = {"1x320/CE-long"};
  const auto select = [&] { return select_cases(asked, known_workloads({}), several_versions(), 470); };
  EXPECT_THAT(rows(select(), "1x320/CE-long"), ElementsAre("native/sequence 1.0 OK"));
  EXPECT_EQ(select().workloads.size(), 1u);
  asked.implementations = {"native/basic"};
  EXPECT_THAT(rows(select(), "1x320/CE-long"), ElementsAre("native/basic 1.0 OK"));
  asked.workloads.clear();
  EXPECT_EQ(select().workloads.size(), 4u);
}

TEST(Selection, UnknownNamesInAFileAreRefused) {
  RunOptions asked = options();
  asked.selections = {{{"1x320/*"}, {"native/sequense"}, {}}};
  EXPECT_THAT(refusal(asked), HasSubstr("did you mean 'native/sequence'?"));
  asked.selections = {{{"1x320/CE-shrt"}, {"native/sequence"}, {}}};
  EXPECT_THAT(refusal(asked), HasSubstr("did you mean '1x320/CE-short'?"));
}

TEST(RepeatCommand, CanBePasted) {
  Case a_case;
  a_case.workload.name = "my load";
  a_case.implementation = "pytorch/LSTM@tuned";
  a_case.threads = 3;
  EXPECT_EQ(repeat_command(a_case, {"--config", "a b.toml"}),
            "lstmbench run --workload 'my load' --implementation pytorch/LSTM@tuned --dtype fp32 --threads 3 "
            "--config 'a b.toml'");
}

}  // namespace
}  // namespace lstmbench
