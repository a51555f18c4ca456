// The engines for a GPU on an emulated device: their own host code, launches and kernels, with models of
// CUDA's runtime and of cuBLAS (emulation/). What it cannot show: races inside kernels beyond barriers, real
// numerics of tensor cores, speed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "cuda/basic/basic_engine.h"
#include "cuda/fused/fused_engine.h"
#include "cuda/persistent/persistent_engine.h"
#include "lstm/engines/random_problem.h"
#include "lstm/engines/training_controls.h"

namespace lstm::cuda {
namespace {

using testing::RandomProblem;
using testing::StepResult;

using Factory = std::unique_ptr<Engine> (*)(const Network&, const BatchShape&, const EngineOptions&,
                                            const AdamOptions&);

struct Kind {
  const char* name;
  Factory make;
  DType dtype;
  double tolerance;          // of a gradient's norm
  std::uint32_t seeds = 20;  // of random shapes
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

class EmulatedEngine : public ::testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Engine> engine_for(const RandomProblem& problem, const AdamOptions& adam = {}) const {
    auto engine = GetParam().make(problem.network, problem.shape, {.dtype = GetParam().dtype}, adam);
    std::copy(problem.parameters.begin(), problem.parameters.end(), engine->parameters().begin());
    return engine;
  }
};

INSTANTIATE_TEST_SUITE_P(, EmulatedEngine,
                         ::testing::Values(Kind{"basic", make_basic_engine, DType::fp32, 1e-4},
                                           Kind{"fused", make_fused_engine, DType::fp32, 1e-4},
                                           Kind{"fused_bf16", make_fused_engine, DType::bf16, 6e-2},
                                           Kind{"fused_fp16", make_fused_engine, DType::fp16, 1e-2},
                                           Kind{"persistent", make_persistent_engine, DType::fp32, 1e-4, 4},
                                           Kind{"persistent_bf16", make_persistent_engine, DType::bf16, 6e-2,
                                                4}),
                         [](const auto& parameter) { return parameter.param.name; });

// An emulated device takes its time.
std::uint32_t shape_count() {
  const char* text = std::getenv("LSTM_TEST_SHAPES");
  return text == nullptr ? 6 : static_cast<std::uint32_t>(std::atoi(text) / 10);
}

TEST_P(EmulatedEngine, AgreesWithTheReferenceOnRandomShapes) {
  const std::uint32_t seeds = std::min(shape_count(), GetParam().seeds);
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    const RandomProblem problem(seed);
    const StepResult expected = testing::reference_result(problem);
    const auto engine = engine_for(problem);
    // The first step runs without a graph, the second records it, the third starts it again.
    for (int step = 1; step <= 3; ++step) {
      testing::expect_close(testing::loss_and_gradients(*engine, problem.batch()), expected, engine->layout(),
                            GetParam().tolerance, fmt::format("{}, step {}", problem.text(), step));
    }
    if (HasFailure()) FAIL() << "stopped at the first shape that fails";
  }
}

TEST_P(EmulatedEngine, FollowsTheReferenceThroughFourSteps) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 6, .units = 20, .layers = 2, .directions = 2, .classes = 8, .loss = loss};
    const RandomProblem problem(network, {5, 12, 3}, 9);
    const AdamOptions adam{.learning_rate = 0.01};
    auto reference =
        lstm::make_engine("reference", problem.network, problem.shape, {.dtype = DType::fp64}, adam);
    std::copy(problem.parameters.begin(), problem.parameters.end(), reference->parameters().begin());
    const auto engine = engine_for(problem, adam);
    for (int step = 0; step < 4; ++step) {
      const double expected = testing::loss_and_gradients(*reference, problem.batch()).loss;
      const double got = testing::loss_and_gradients(*engine, problem.batch()).loss;
      EXPECT_NEAR(got, expected, 10 * GetParam().tolerance * expected) << problem.text() << ", step " << step;
      reference->update();
      engine->update();
    }
  }
}

TEST_P(EmulatedEngine, KeepsNothingOfEarlierBatches) {
  const Network network{
      .inputs = 5, .units = 18, .layers = 2, .directions = 2, .classes = 7, .loss = Loss::ctc};
  const RandomProblem large(network, {9, 11, 3}, 1);
  const auto used = engine_for(large);
  for (std::uint32_t seed = 2; seed < 4; ++seed) {
    RandomProblem small(network, {4, 6, 3}, seed);
    const Batch batch = small.batch();
    small.parameters = large.parameters;
    small.shape = large.shape;  // of the engine
    const auto fresh = engine_for(small);
    testing::loss_and_gradients(*used, large.batch());
    const StepResult expected = testing::loss_and_gradients(*fresh, batch);
    const StepResult got = testing::loss_and_gradients(*used, batch);
    EXPECT_EQ(got.loss, expected.loss) << small.text();
    EXPECT_EQ(got.gradients, expected.gradients) << small.text();
  }
}

TEST_P(EmulatedEngine, NeverReadsPadding) {
  for (std::uint32_t seed = 320; seed < 323; ++seed) {
    const RandomProblem problem(seed);
    const RandomProblem spoilt = problem.with_spoilt_padding();
    const auto engine = engine_for(problem);
    const StepResult expected = testing::loss_and_gradients(*engine, problem.batch());
    EXPECT_EQ(testing::loss_and_gradients(*engine, spoilt.batch()).gradients, expected.gradients)
        << problem.text();
  }
}

TEST_P(EmulatedEngine, TakesParametersThatAreWrittenBetweenSteps) {
  const RandomProblem problem(7);
  const auto engine = engine_for(problem);
  const StepResult first = testing::loss_and_gradients(*engine, problem.batch());
  engine->update();
  const std::span<float> updated = engine->parameters();
  EXPECT_NE(std::memcmp(updated.data(), problem.parameters.data(), updated.size_bytes()), 0);
  std::copy(problem.parameters.begin(), problem.parameters.end(), updated.begin());
  EXPECT_EQ(testing::loss_and_gradients(*engine, problem.batch()).gradients, first.gradients);
}

TEST_P(EmulatedEngine, ReadsLogitsInTheOrderOfTheBatch) {
  for (std::uint32_t seed = 400; seed < 404; ++seed) {
    const RandomProblem problem(seed);
    testing::expect_logits(*engine_for(problem), problem, GetParam().tolerance);
  }
}

TEST_P(EmulatedEngine, TakesGradientsOfLogits) {
  for (std::uint32_t seed = 500; seed < 504; ++seed) {
    const RandomProblem problem(seed), custom = problem.with_custom_loss();
    testing::expect_logit_gradients(*engine_for(problem), problem, GetParam().tolerance);
    testing::expect_logit_gradients(*engine_for(custom), custom, GetParam().tolerance);
  }
}

TEST_P(EmulatedEngine, ClipsGradientsTakesALearningRateAndAdamsState) {
  const RandomProblem problem({.inputs = 4, .units = 7, .classes = 3}, {3, 4, 1}, 5);
  testing::expect_clipped_gradients(*engine_for(problem), problem);
  testing::expect_learning_rate(*engine_for(problem), problem);
  testing::expect_resumed_training(*engine_for(problem), *engine_for(problem), problem);
}

TEST_P(EmulatedEngine, SaysWhatItCannotDo) {
  const RandomProblem problem(1);
  EXPECT_THROW(GetParam().make(problem.network, problem.shape, {.dtype = DType::fp64}, {}),
               std::invalid_argument);
  const auto engine = engine_for(problem);
  EXPECT_THROW(engine->forward(), std::invalid_argument) << "before any batch";
  engine->load(problem.batch());
  engine->forward();
  EXPECT_THROW(engine->backward(), std::invalid_argument) << "loss left out";
  engine->loss();
  engine->backward();
  EXPECT_THROW(engine->backward(), std::invalid_argument) << "a second time";
  const Network huge{.inputs = 1 << 20, .units = 1 << 15, .classes = 10};
  EXPECT_THROW(GetParam().make(huge, {1, 1, 1}, {.dtype = GetParam().dtype}, {}), std::bad_alloc);
}

}  // namespace
}  // namespace lstm::cuda
