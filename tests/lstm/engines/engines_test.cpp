// What every fp32 engine has to do beyond contracts_test.cpp, on every instruction set that this machine has.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "lstm/engines/random_problem.h"
#include "lstm/engines/training_controls.h"

namespace lstm {
namespace {

using testing::RandomProblem;
using testing::StepResult;

constexpr double kTolerance = testing::kFp32Tolerance;

class EveryEngine : public ::testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Engine> engine_for(const RandomProblem& problem, const EngineOptions& options = {}) const {
    return testing::engine_for(problem, GetParam(), options);
  }
};

INSTANTIATE_TEST_SUITE_P(, EveryEngine, ::testing::ValuesIn(testing::fp32_engines()),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(EveryEngine, AgreesWithTheReferenceOnRandomShapes) {
  for (int seed = 1, last = testing::shape_count(200); seed <= last; ++seed) {
    const RandomProblem problem(static_cast<std::uint32_t>(seed));
    const StepResult expected = testing::reference_result(problem);
    for (const Isa isa : testing::available_isas()) {
      const int threads = 1 + seed % 3;
      const auto engine = engine_for(problem, {.threads = threads, .isa = isa});
      const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
      testing::expect_close(got, expected, engine->layout(), kTolerance,
                            fmt::format("{}, {}, {} threads", problem.text(), name(isa), threads));
    }
    if (HasFailure()) FAIL() << "stopped at the first shape that fails";
  }
}

TEST_P(EveryEngine, SharesOutLargeStepsOverThreads) {
  const Network network{.inputs = 40, .units = 130, .layers = 2, .directions = 2, .classes = 30};
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    Network with_loss = network;
    with_loss.loss = loss;
    const RandomProblem problem(with_loss, {50, 7, 3}, 5);
    const StepResult expected = testing::reference_result(problem);
    for (const int threads : {1, 2, 5}) {
      const auto engine = engine_for(problem, {.threads = threads});
      testing::expect_close(testing::loss_and_gradients(*engine, problem.batch()), expected, engine->layout(),
                            kTolerance, fmt::format("{}, {} threads", problem.text(), threads));
    }
  }
}

TEST_P(EveryEngine, FollowsTheReferenceThroughTwentySteps) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 6, .units = 20, .layers = 2, .directions = 2, .classes = 8, .loss = loss};
    const RandomProblem problem(network, {5, 12, 3}, 9);
    const AdamOptions adam{.learning_rate = 0.01};
    auto reference = make_engine("reference", problem.network, problem.shape, {.dtype = DType::fp64}, adam);
    auto engine = make_engine(GetParam(), problem.network, problem.shape, {.threads = 2}, adam);
    double first = 0, last = 0;
    for (auto* each : {reference.get(), engine.get()}) {
      std::copy(problem.parameters.begin(), problem.parameters.end(), each->parameters().begin());
    }
    for (int step = 0; step < 20; ++step) {
      last = testing::loss_and_gradients(*reference, problem.batch()).loss;
      if (step == 0) first = last;
      const double got = testing::loss_and_gradients(*engine, problem.batch()).loss;
      EXPECT_NEAR(got, last, 1e-3 * last) << problem.text() << ", step " << step;
      reference->update();
      engine->update();
    }
    EXPECT_LT(last, 0.9 * first) << "the loss did not fall";
  }
}

std::vector<float> bits_after_steps(Engine& engine, const RandomProblem& problem) {
  for (int step = 0; step < 3; ++step) {
    testing::loss_and_gradients(engine, problem.batch());
    engine.update();
  }
  std::vector<float> result(engine.parameters().begin(), engine.parameters().end());
  result.insert(result.end(), engine.gradients().begin(), engine.gradients().end());
  return result;
}

void expect_same_bits(std::span<const float> a, std::span<const float> b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size_bytes()), 0) << what;
}

TEST_P(EveryEngine, GivesTheSameBitsOnEveryRun) {
  for (std::uint32_t seed = 300; seed < 310; ++seed) {
    const RandomProblem problem(seed);
    for (const int threads : {1, 2, 3}) {
      const auto first = engine_for(problem, {.threads = threads});
      const auto second = engine_for(problem, {.threads = threads});
      expect_same_bits(bits_after_steps(*first, problem), bits_after_steps(*second, problem),
                       fmt::format("{}, {} threads", problem.text(), threads));
    }
  }
}

TEST_P(EveryEngine, KeepsNothingOfEarlierBatches) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 5, .units = 18, .layers = 2, .directions = 2, .classes = 7, .loss = loss};
    const RandomProblem large(network, {9, 11, 3}, 1);
    const auto used = engine_for(large, {.threads = 2});
    for (std::uint32_t seed = 2; seed < 12; ++seed) {  // some of them with losses that do not read all steps
      RandomProblem small(network, {4, 6, 3}, seed);
      const Batch batch = small.batch();
      small.parameters = large.parameters;
      small.shape = large.shape;  // of the engine
      const auto fresh = engine_for(small, {.threads = 2});
      testing::loss_and_gradients(*used, large.batch());
      const StepResult expected = testing::loss_and_gradients(*fresh, batch);
      const StepResult got = testing::loss_and_gradients(*used, batch);
      EXPECT_EQ(got.loss, expected.loss) << small.text();
      EXPECT_EQ(got.gradients, expected.gradients) << small.text();
    }
  }
}

TEST_P(EveryEngine, PassesOnValuesThatAreNotFiniteLikeTheReference) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 5, .units = 18, .layers = 2, .directions = 2, .classes = 7, .loss = loss};
    for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
      RandomProblem problem(network, {4, 6, 2}, 4);
      problem.x[1] = value;
      const StepResult expected = testing::reference_result(problem);
      for (const Isa isa : testing::available_isas()) {
        const std::string what = fmt::format("{}, x = {}, {}", problem.text(), value, name(isa));
        const auto engine = engine_for(problem, {.isa = isa});
        const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
        EXPECT_EQ(std::isnan(got.loss), std::isnan(expected.loss)) << what;
        for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
          ASSERT_EQ(std::isnan(got.gradients[i]), std::isnan(expected.gradients[i]))
              << what << ", element " << i;
        }
      }
    }
  }
}

TEST_P(EveryEngine, ReadsLogitsInTheOrderOfTheBatch) {
  for (std::uint32_t seed = 400; seed < 430; ++seed) {
    const RandomProblem problem(seed);
    testing::expect_logits(*engine_for(problem, {.threads = 2}), problem, kTolerance);
    if (HasFailure()) return;
  }
  const RandomProblem problem(1);
  std::vector<float> none;
  EXPECT_THROW(engine_for(problem)->read_logits(none), std::invalid_argument) << "before any batch";
}

TEST_P(EveryEngine, ClipsGradients) {
  const Network network{.inputs = 40, .units = 60, .layers = 2, .directions = 2, .classes = 9};
  const RandomProblem problem(network, {5, 7, 3}, 5);  // gradients for more than one sum
  double first_norm = 0;
  for (const int threads : {1, 2, 5}) {
    const auto engine = engine_for(problem, {.threads = threads});
    testing::expect_clipped_gradients(*engine, problem);
    testing::loss_and_gradients(*engine, problem.batch());
    const std::vector<float> before(engine->gradients().begin(), engine->gradients().end());
    const double norm = engine->clip_gradients(1e-3);
    if (threads == 1) first_norm = norm;
    EXPECT_EQ(norm, first_norm) << threads << " threads";
    const std::span<const float> clipped = engine->gradients();
    const auto factor = static_cast<float>(1e-3 / norm);
    for (std::size_t i = 0; i < clipped.size(); ++i) ASSERT_EQ(clipped[i], before[i] * factor);
  }
}

TEST_P(EveryEngine, TakesGradients) {
  const RandomProblem problem({.inputs = 4, .units = 7, .classes = 3}, {3, 4, 1}, 5);
  testing::expect_written_gradients(*engine_for(problem), problem);
}

// The mean of the gradients of two halves of a batch is that of the batch, whose loss is a mean, too.
TEST_P(EveryEngine, AddsUpGradientsOverBatches) {
  const Network network{.inputs = 4, .units = 7, .classes = 3};
  const RandomProblem whole(network, {4, 5, 1}, 5);
  const auto engine = engine_for(whole), other = engine_for(whole);
  testing::loss_and_gradients(*engine, whole.batch());
  engine->update();
  std::vector<float> sums(other->layout().size());
  for (const std::size_t first : {0, 2}) {
    Batch half = whole.batch();
    half.samples = 2;
    half.x = half.x.subspan(first * 5 * 4, 2 * 5 * 4);
    half.lengths = half.lengths.subspan(first, 2);
    half.labels = half.labels.subspan(first, 2);
    testing::loss_and_gradients(*other, half);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += other->gradients()[i] / 2;
  }
  other->set_gradients(sums);
  other->update();
  const std::vector<float> expected = engine->adam_state().first_moments;
  const std::vector<float> got = other->adam_state().first_moments;
  for (std::size_t i = 0; i < sums.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-6) << "element " << i;
}

TEST_P(EveryEngine, DecaysWeightsLikeTheReference) {
  const RandomProblem problem({.inputs = 4, .units = 7, .classes = 3}, {3, 4, 1}, 5);
  const AdamOptions adam{.learning_rate = 0.125, .weight_decay = 0.5};
  const auto reference =
      make_engine("reference", problem.network, problem.shape, {.dtype = DType::fp64}, adam);
  const auto engine = make_engine(GetParam(), problem.network, problem.shape, {}, adam);
  for (auto* each : {reference.get(), engine.get()}) {
    std::ranges::copy(problem.parameters, each->parameters().begin());
    testing::loss_and_gradients(*each, problem.batch());
    each->set_gradients(std::vector<float>(problem.parameters.size()));  // nothing but the decay is left
    each->update();
    for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
      ASSERT_NEAR(each->parameters()[i], problem.parameters[i] * (1 - 0.125 * 0.5), 1e-7) << "element " << i;
    }
  }
}

TEST_P(EveryEngine, TakesALearningRate) {
  const RandomProblem problem({.inputs = 4, .units = 7, .classes = 3}, {3, 4, 1}, 5);
  testing::expect_learning_rate(*engine_for(problem), problem);
}

TEST_P(EveryEngine, TakesGradientsOfLogits) {
  for (std::uint32_t seed = 500; seed < 530; ++seed) {
    const RandomProblem problem(seed), custom = problem.with_custom_loss();
    testing::expect_logit_gradients(*engine_for(problem, {.threads = 2}), problem, kTolerance);
    testing::expect_logit_gradients(*engine_for(custom, {.threads = 3}), custom, kTolerance);
    if (HasFailure()) return;
  }
  const RandomProblem problem(1);
  EXPECT_THROW(engine_for(problem)->set_logit_gradients({}), std::invalid_argument) << "before any batch";
  const RandomProblem custom = problem.with_custom_loss();
  Batch batch = custom.batch();
  const std::vector<std::int32_t> labels(static_cast<std::size_t>(batch.samples), 1);
  batch.labels = labels;
  EXPECT_THROW(engine_for(custom)->load(batch), std::invalid_argument);
}

TEST_P(EveryEngine, GoesOnFromAdamsState) {
  const RandomProblem problem({.inputs = 4, .units = 37, .classes = 3}, {3, 4, 1}, 5);
  testing::expect_resumed_training(*engine_for(problem, {.threads = 2}), *engine_for(problem), problem);
}

TEST_P(EveryEngine, SaysWhatItCannotDo) {
  const RandomProblem problem(1);
  EXPECT_THROW(engine_for(problem, {.dtype = DType::fp64}), std::invalid_argument);
  EXPECT_THROW(engine_for(problem, {.threads = 0}), std::invalid_argument);
  const Network huge{.inputs = 1 << 20, .units = 1 << 18, .classes = 10};
  EXPECT_THROW(make_engine(GetParam(), huge, {1, 1, 1}), std::bad_alloc);
  const auto engine = engine_for(problem);
  Batch batch = problem.batch();
  batch.samples = problem.shape.samples + 1;
  EXPECT_THROW(engine->load(batch), std::invalid_argument);
}

TEST_P(EveryEngine, DescribesItself) {
  const RandomProblem problem(2);
  const auto engine = engine_for(problem, {.threads = 2});
  EXPECT_GE(engine->workspace_bytes(), problem.x.size() * sizeof(float));
  EXPECT_NE(engine->description().find("2 threads"), std::string::npos) << engine->description();
  for (const void* buffer : {static_cast<const void*>(engine->parameters().data()),
                             static_cast<const void*>(engine->gradients().data())}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer) % 64, 0u);
  }
}

}  // namespace
}  // namespace lstm
