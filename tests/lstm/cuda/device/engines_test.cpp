// Every engine for a GPU, on a GPU, against the float64 reference. Skipped where there is none.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "lstm/cuda.h"
#include "lstm/engines/random_problem.h"
#include "lstm/engines/training_controls.h"

namespace lstm {
namespace {

using testing::RandomProblem;
using testing::StepResult;

struct Case {
  std::string name;
  DType dtype;
};

void PrintTo(const Case& a_case, std::ostream* out) {
  *out << a_case.name << " " << name(a_case.dtype);
}

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const EngineKind& kind : engine_kinds(Device::cuda)) {
    for (const DType dtype : kind.dtypes) result.push_back({std::string(kind.name), dtype});
  }
  return result;
}

std::string test_name(const ::testing::TestParamInfo<Case>& parameter) {
  std::string text = parameter.param.name + "_" + std::string(name(parameter.param.dtype));
  for (char& character : text)
    character = std::isalnum(static_cast<unsigned char>(character)) != 0 ? character : '_';
  return text;
}

// Of a gradient's norm; as the harness's (src/bench/check/tolerance.cpp), for these small shapes.
double tolerance(DType dtype) {
  return dtype == DType::fp32 ? 1e-4 : dtype == DType::bf16 ? 6e-2 : 1e-2;
}

class EngineOnDevice : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const std::string reason = cuda::unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "skipped: " << reason;
  }

  // Nothing where the library does not support the combination, which cuDNN may say at the first step.
  std::unique_ptr<Engine> engine_for(const RandomProblem& problem, const AdamOptions& adam = {}) const {
    try {
      EngineOptions options;
      options.dtype = GetParam().dtype;
      auto engine = make_engine(GetParam().name, problem.network, problem.shape, options, adam);
      std::copy(problem.parameters.begin(), problem.parameters.end(), engine->parameters().begin());
      if (problem.network.loss != Loss::custom) testing::loss_and_gradients(*engine, problem.batch());
      return engine;
    } catch (const std::invalid_argument& error) {
      EXPECT_TRUE(GetParam().name.starts_with("cudnn/persist")) << error.what();
      return nullptr;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(, EngineOnDevice, ::testing::ValuesIn(cases()), test_name);

int shapes_for(const std::string& engine) {
  if (engine.ends_with("persist-dynamic"))
    return 4;  // which compiles its kernels for each shape, for seconds
  return testing::shape_count(60);
}

TEST_P(EngineOnDevice, AgreesWithTheReferenceOnRandomShapes) {
  int supported = 0;
  for (int seed = 1; seed <= shapes_for(GetParam().name); ++seed) {
    const RandomProblem problem(static_cast<std::uint32_t>(seed));
    const auto engine = engine_for(problem);
    if (engine == nullptr) continue;
    ++supported;
    const StepResult expected = testing::reference_result(problem);
    for (int step = 2; step <= 3;
         ++step) {  // a graph is recorded at the second step and started again at the third
      testing::expect_close(testing::loss_and_gradients(*engine, problem.batch()), expected, engine->layout(),
                            tolerance(GetParam().dtype), fmt::format("{}, step {}", problem.text(), step));
    }
    if (HasFailure()) FAIL() << "stopped at the first shape that fails";
  }
  if (supported == 0) GTEST_SKIP() << "skipped: none of the shapes is supported";
}

// The sizes that are measured, but for the number of steps.
TEST_P(EngineOnDevice, AgreesWithTheReferenceOnTheWorkloadsSizes) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 123,
                          .units = 320,
                          .layers = 2,
                          .directions = 2,
                          .classes = loss == Loss::ctc ? 59 : 10,
                          .loss = loss};
    RandomProblem problem(network, {32, 14, 5}, 5);
    for (float& parameter : problem.parameters) parameter *= 0.6f;
    const auto engine = engine_for(problem);
    if (engine == nullptr) GTEST_SKIP() << "skipped: not supported";
    testing::expect_close(testing::loss_and_gradients(*engine, problem.batch()),
                          testing::reference_result(problem), engine->layout(), tolerance(GetParam().dtype),
                          problem.text());
  }
}

TEST_P(EngineOnDevice, FollowsTheReferenceThroughTwentySteps) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 6, .units = 32, .layers = 2, .directions = 2, .classes = 8, .loss = loss};
    const RandomProblem problem(network, {5, 12, 3}, 9);
    const AdamOptions adam{.learning_rate = 0.01};
    const auto engine = engine_for(problem, adam);
    if (engine == nullptr) GTEST_SKIP() << "skipped: not supported";
    auto reference = make_engine("reference", problem.network, problem.shape, {.dtype = DType::fp64}, adam);
    std::copy(problem.parameters.begin(), problem.parameters.end(), reference->parameters().begin());
    for (int step = 0; step < 20; ++step) {
      const double expected = testing::loss_and_gradients(*reference, problem.batch()).loss;
      const double got = testing::loss_and_gradients(*engine, problem.batch()).loss;
      EXPECT_NEAR(got, expected, 10 * tolerance(GetParam().dtype) * expected)
          << problem.text() << ", step " << step;
      reference->update();
      engine->update();
    }
  }
}

TEST_P(EngineOnDevice, GivesTheSameBitsOnEveryRun) {
  if (GetParam().name.starts_with("cudnn/")) GTEST_SKIP() << "skipped: cuDNN does not promise it";
  for (std::uint32_t seed = 300; seed < 310; ++seed) {
    const RandomProblem problem(seed);
    const auto first = engine_for(problem), second = engine_for(problem);
    EXPECT_EQ(testing::loss_and_gradients(*first, problem.batch()).gradients,
              testing::loss_and_gradients(*second, problem.batch()).gradients)
        << problem.text();
  }
}

// Graphs are recorded for one pattern of lengths each.
TEST_P(EngineOnDevice, TakesDifferentLengthsInTurns) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 6, .units = 32, .layers = 2, .directions = 2, .classes = 8, .loss = loss};
    const RandomProblem first(network, {5, 12, 3}, 21);
    RandomProblem second(network, {5, 12, 3}, 22);
    second.parameters = first.parameters;
    const auto engine = engine_for(first);
    if (engine == nullptr) GTEST_SKIP() << "skipped: not supported";
    const StepResult expected[] = {testing::reference_result(first), testing::reference_result(second)};
    for (int step = 0; step < 8; ++step) {
      const RandomProblem& problem = step % 2 == 0 ? first : second;
      testing::expect_close(testing::loss_and_gradients(*engine, problem.batch()), expected[step % 2],
                            engine->layout(), tolerance(GetParam().dtype),
                            fmt::format("{}, step {}", problem.text(), step));
    }
  }
}

TEST_P(EngineOnDevice, NeverReadsPadding) {
  const int shapes = std::min(10, shapes_for(GetParam().name));
  for (int seed = 320; seed < 320 + shapes; ++seed) {
    const RandomProblem problem(static_cast<std::uint32_t>(seed));
    const RandomProblem spoilt = problem.with_spoilt_padding();
    const auto engine = engine_for(problem);
    if (engine == nullptr) continue;
    for (const double gradient : testing::loss_and_gradients(*engine, spoilt.batch()).gradients) {
      ASSERT_FALSE(std::isnan(gradient)) << problem.text();
    }
  }
}

TEST_P(EngineOnDevice, OffersWhatBelongsToTraining) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 6, .units = 32, .layers = 2, .directions = 2, .classes = 8, .loss = loss};
    const RandomProblem problem(network, {5, 12, 3}, 9);
    const auto engine = engine_for(problem);
    if (engine == nullptr) GTEST_SKIP() << "skipped: not supported";
    const bool promises_bits = std::string_view(GetParam().name).starts_with("cuda/");
    testing::expect_started_loss(*engine, problem, promises_bits ? 0 : tolerance(GetParam().dtype));
    testing::expect_logits(*engine, problem, tolerance(GetParam().dtype));
    const RandomProblem custom = problem.with_custom_loss();
    testing::expect_logit_gradients(*engine, problem, tolerance(GetParam().dtype));
    testing::expect_logit_gradients(*engine_for(custom), custom, tolerance(GetParam().dtype));
    testing::expect_clipped_gradients(*engine, problem);
    testing::expect_written_gradients(*engine_for(problem), problem);
    testing::expect_learning_rate(*engine_for(problem), problem);
    // cuDNN does not promise the same bits.
    testing::expect_resumed_training(*engine_for(problem), *engine_for(problem), problem, 1e-3);
  }
}

TEST_P(EngineOnDevice, TellsItsOwnTime) {
  const RandomProblem problem(3);
  const auto engine = engine_for(problem);
  if (engine == nullptr) GTEST_SKIP() << "skipped: not supported";
  const std::optional<DeviceTimes> times = engine->device_times();
  ASSERT_TRUE(times.has_value());
  EXPECT_GT(times->forward_ns, 0);
  EXPECT_GE(times->loss_ns, 0);
  EXPECT_GT(times->backward_ns, 0);
  EXPECT_LT(times->total_ns(), 10'000'000'000);
}

TEST_P(EngineOnDevice, SaysWhatDoesNotFit) {
  const Network huge{.inputs = 1 << 18, .units = 1 << 18, .classes = 10};
  EngineOptions options;
  options.dtype = GetParam().dtype;
  try {
    make_engine(GetParam().name, huge, {1, 1, 1}, options);
    ADD_FAILURE() << "275 billion parameters were taken";
  } catch (const std::bad_alloc&) {
  } catch (const std::invalid_argument&) {  // not supported at this size
  }
}

}  // namespace
}  // namespace lstm
