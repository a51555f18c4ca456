// The engine for bf16 and bf16x3, on every kernel variant. One whose instructions the machine lacks says so.
#include "engines/sequence/bf16/engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "cpu/caches.h"
#include "lstm/cpu/needed_instructions.h"
#include "lstm/engines/random_problem.h"
#include "lstm/engines/training_controls.h"

namespace lstm {
namespace {

using testing::RandomProblem;
using testing::StepResult;

class Bf16Engine : public ::testing::TestWithParam<std::tuple<Isa, DType>> {
 protected:
  void SetUp() override {
    if (is_available(isa())) return;
    GTEST_SKIP() << "skipped: needs " << testing::needed_instructions(isa());
  }
  static Isa isa() { return std::get<0>(GetParam()); }
  static DType dtype() { return std::get<1>(GetParam()); }
  static double tolerance(const RandomProblem& problem) { return testing::tolerance(problem, dtype()); }
  static std::unique_ptr<Engine> engine_for(const RandomProblem& problem, EngineOptions options = {}) {
    options.dtype = dtype();
    options.isa = isa();
    return testing::engine_for(problem, "sequence", options);
  }
};

INSTANTIATE_TEST_SUITE_P(, Bf16Engine,
                         ::testing::Combine(::testing::Values(Isa::portable, Isa::avx2, Isa::avx512,
                                                              Isa::avx512bf16, Isa::amx),
                                            ::testing::Values(DType::bf16, DType::bf16x3)),
                         [](const auto& parameter) {
                           return fmt::format(
                               "{}_{}", name(std::get<Isa>(parameter.param)),
                               std::get<DType>(parameter.param) == DType::bf16 ? "bf16" : "bf16x3");
                         });

TEST_P(Bf16Engine, AgreesWithTheReferenceOnRandomShapes) {
  for (int seed = 1, last = testing::shape_count(100); seed <= last; ++seed) {
    const RandomProblem problem(static_cast<std::uint32_t>(seed));
    const auto engine = engine_for(problem, {.threads = 1 + seed % 3});
    testing::expect_close(testing::loss_and_gradients(*engine, problem.batch()),
                          testing::reference_result(problem), engine->layout(), tolerance(problem),
                          fmt::format("{}, {}", problem.text(), engine->description()));
    if (HasFailure()) FAIL() << "stopped at the first shape that fails";
  }
}

// More rows than two tiles, more than one chunk of each product, more unit blocks than a gradient takes at
// once, and padded units and inputs.
TEST_P(Bf16Engine, AgreesWithTheReferenceBeyondEveryBlockSize) {
  for (const Loss loss : {Loss::ctc, Loss::cross_entropy}) {
    const Network network{
        .inputs = 45, .units = 75, .layers = 2, .directions = 2, .classes = 12, .loss = loss};
    const RandomProblem problem(network, {.samples = 75, .time_steps = 30, .max_labels = 4}, 7);
    const StepResult expected = testing::reference_result(problem);
    for (const int threads : {1, 2}) {
      const auto engine = engine_for(problem, {.threads = threads});
      testing::expect_close(testing::loss_and_gradients(*engine, problem.batch()), expected, engine->layout(),
                            tolerance(problem), fmt::format("{}, {}", problem.text(), engine->description()));
    }
  }
}

TEST_P(Bf16Engine, GivesTheSameBitsForAnyThreadsAndSplit) {
  for (std::uint32_t seed = 1000; seed < 1012; ++seed) {
    const RandomProblem problem(seed);
    const auto alone = engine_for(problem);
    const StepResult expected = testing::loss_and_gradients(*alone, problem.batch());
    for (const int threads : {1, 2, 3, 5}) {
      for (const Split split : {Split::automatic, Split::directions, Split::units, Split::samples}) {
        const auto engine = engine_for(problem, {.threads = threads, .split = split});
        const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
        const std::string what = fmt::format("{}, {}", problem.text(), engine->description());
        ASSERT_EQ(got.loss, expected.loss) << what;
        ASSERT_EQ(got.gradients, expected.gradients) << what;
      }
    }
  }
}

// Rows in tiles, for samples of one length, and in bands of one time step or several.
TEST_P(Bf16Engine, AgreesWithTheReferenceHoweverRowsLie) {
  for (const int samples : {6, 16, 20, 32, 48, 50}) {
    for (const bool are_equal : {true, false}) {
      const Network network{.inputs = 33, .units = 40, .layers = 2, .directions = 2, .classes = 4};
      RandomProblem problem(network, {.samples = samples, .time_steps = 4}, 12);
      if (are_equal) std::ranges::fill(problem.lengths, problem.shape.time_steps);
      const auto alone = engine_for(problem);
      const StepResult expected = testing::loss_and_gradients(*alone, problem.batch());
      testing::expect_close(expected, testing::reference_result(problem), alone->layout(), tolerance(problem),
                            problem.text());
      for (const Split split : {Split::units, Split::samples}) {
        const auto engine = engine_for(problem, {.threads = 3, .split = split});
        const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
        ASSERT_EQ(got.gradients, expected.gradients) << problem.text() << ", " << engine->description();
      }
    }
  }
}

// Weight gradients of the first chunks are computed while others' recurrence goes on.
TEST_P(Bf16Engine, GivesTheSameBitsOverManyChunks) {
  const Network network{.inputs = 20, .units = 40, .layers = 1, .directions = 2, .classes = 4};
  const RandomProblem problem(network, {.samples = 33, .time_steps = 20}, 11);
  const auto alone = engine_for(problem);
  const StepResult expected = testing::loss_and_gradients(*alone, problem.batch());
  for (const int threads : {2, 4}) {
    for (const Split split : {Split::directions, Split::units}) {
      const auto engine = engine_for(problem, {.threads = threads, .split = split});
      const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
      ASSERT_EQ(got.loss, expected.loss) << engine->description();
      ASSERT_EQ(got.gradients, expected.gradients) << engine->description();
    }
  }
}

// Gates that exceed the second-level caches are stored past all of them, by one thread for others to read.
TEST_P(Bf16Engine, AgreesWithTheReferenceWhereGatesPassTheCaches) {
  if (isa() != Isa::amx && isa() != Isa::portable) GTEST_SKIP() << "skipped: of AMX and its model only";
  const Network network{.inputs = 8, .units = 64, .classes = 5, .loss = Loss::ctc};
  constexpr int kSamples = 64, kRowBytes = 4 * 64 * sizeof(std::uint16_t);
  const int steps = static_cast<int>(3 * cpu::l2_bytes() / (kSamples * kRowBytes));
  const RandomProblem problem(network, {kSamples, steps, 3}, 14);
  const auto alone = engine_for(problem);
  const StepResult expected = testing::loss_and_gradients(*alone, problem.batch());
  testing::expect_close(expected, testing::reference_result(problem), alone->layout(), tolerance(problem),
                        problem.text());
  const auto engine = engine_for(problem, {.threads = 2, .split = Split::units});
  EXPECT_EQ(testing::loss_and_gradients(*engine, problem.batch()).gradients, expected.gradients);
}

TEST_P(Bf16Engine, KeepsNothingOfEarlierBatches) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 5, .units = 18, .layers = 2, .directions = 2, .classes = 7, .loss = loss};
    const RandomProblem large(network, {40, 11, 3}, 1);
    const auto used = engine_for(large, {.threads = 2});
    for (std::uint32_t seed = 2; seed < 8; ++seed) {
      RandomProblem small(network, {4, 6, 3}, seed);
      small.parameters = large.parameters;
      const Batch batch = small.batch();
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

// What is not finite stays in its own sample, and what is infinite saturates gates as it does in the
// reference.
TEST_P(Bf16Engine, OffersWhatBelongsToTraining) {
  for (std::uint32_t seed = 400; seed < 410; ++seed) {
    const RandomProblem problem(seed), custom = problem.with_custom_loss();
    testing::expect_logits(*engine_for(problem, {.threads = 2}), problem, tolerance(problem));
    testing::expect_logit_gradients(*engine_for(problem, {.threads = 2}), problem, tolerance(problem));
    testing::expect_logit_gradients(*engine_for(custom, {.threads = 2}), custom, tolerance(custom));
  }
  const RandomProblem problem({.inputs = 4, .units = 7, .classes = 3}, {3, 4, 1}, 5);
  testing::expect_clipped_gradients(*engine_for(problem, {.threads = 2}), problem);
  testing::expect_learning_rate(*engine_for(problem), problem);
  testing::expect_resumed_training(*engine_for(problem), *engine_for(problem, {.threads = 2}), problem);
}

TEST_P(Bf16Engine, TreatsInfiniteInputsAsTheReferenceDoes) {
  const Network network{.inputs = 3, .units = 20, .layers = 2, .directions = 2, .classes = 5};
  RandomProblem problem(network, {5, 7}, 3);
  problem.x[4] = std::numeric_limits<float>::infinity();
  const auto reference = testing::engine_for(problem, "reference", {.dtype = DType::fp64});
  const auto engine = engine_for(problem);
  for (Engine* each : {reference.get(), engine.get()}) {
    each->load(problem.batch());
    each->forward();
  }
  const double expected = reference->loss();
  ASSERT_TRUE(std::isfinite(expected));
  EXPECT_NEAR(engine->loss(), expected, tolerance(problem) * expected);
  problem.x[4] = std::numeric_limits<float>::quiet_NaN();
  engine->load(problem.batch());
  engine->forward();
  EXPECT_TRUE(std::isnan(engine->loss()));
}

// The four workloads, reduced: the same shape of network, fewer of everything, so that the software model of
// AMX's tiles can train them, too.
struct Workload {
  const char* name;
  Network network;
  BatchShape shape;
};
const Workload kWorkloads[] = {
    {"1x320/CE-short",
     {.inputs = 23, .units = 24, .layers = 1, .directions = 1, .classes = 10, .loss = Loss::cross_entropy},
     {.samples = 16, .time_steps = 10}},
    {"1x320/CE-long",
     {.inputs = 23, .units = 24, .layers = 1, .directions = 1, .classes = 10, .loss = Loss::cross_entropy},
     {.samples = 8, .time_steps = 40}},
    {"4x320/CE-long",
     {.inputs = 23, .units = 24, .layers = 4, .directions = 2, .classes = 10, .loss = Loss::cross_entropy},
     {.samples = 8, .time_steps = 12}},
    {"4x320/CTC-long",
     {.inputs = 23, .units = 24, .layers = 4, .directions = 2, .classes = 19, .loss = Loss::ctc},
     {.samples = 8, .time_steps = 14, .max_labels = 3}}};

// Two hundred steps of Adam amplify what differs; the band is relative to the loss at the start.
double band(DType dtype) {
  return dtype == DType::bf16 ? 0.05 : 2e-3;
}

TEST_P(Bf16Engine, FollowsTheLossOfFp32ThroughTwoHundredSteps) {
  for (const Workload& workload : kWorkloads) {
    const RandomProblem problem(workload.network, workload.shape, 11);
    const auto fp32 = testing::engine_for(problem, "sequence", {});
    const auto engine = engine_for(problem);
    double first = 0, last = 0, worst = 0;
    for (int step = 0; step < 200; ++step) {
      const double expected = testing::loss_and_gradients(*fp32, problem.batch()).loss;
      const double got = testing::loss_and_gradients(*engine, problem.batch()).loss;
      if (step == 0) first = expected;
      last = expected;
      worst = std::max(worst, std::abs(got - expected) / first);
      ASSERT_NEAR(got, expected, band(dtype()) * first) << workload.name << ", step " << step;
      fp32->update();
      engine->update();
    }
    RecordProperty(workload.name, fmt::format("{:.1e}", worst));
    EXPECT_LT(last, 0.8 * first) << workload.name << ": the loss did not fall";
  }
}

double norm(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

// What bf16x3 is for: each gradient within 1e-5 of its own norm, on networks of the workloads' widths.
TEST_P(Bf16Engine, KeepsBf16x3GradientsWithinOneHundredThousandthOfTheirNorms) {
  if (dtype() != DType::bf16x3) GTEST_SKIP() << "skipped: of bf16x3 only";
  for (const int layers : {1, 4}) {
    for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
      const Network network{.inputs = 123,
                            .units = 320,
                            .layers = layers,
                            .directions = layers == 1 ? 1 : 2,
                            .classes = 59,
                            .loss = loss};
      const RandomProblem problem(network,
                                  {.samples = 4, .time_steps = layers == 1 ? 16 : 5, .max_labels = 2}, 3);
      const StepResult expected = testing::reference_result(problem);
      const auto engine = engine_for(problem);
      const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
      double largest = 0;
      for (const ParameterTensor& tensor : engine->layout().tensors()) {
        std::vector<double> difference;
        for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
          difference.push_back(got.gradients[i] - expected.gradients[i]);
        }
        // Cross-entropy reads the reverse direction's first step only: no gradient of R in the last layer.
        const double size = norm(std::span(expected.gradients).subspan(tensor.offset, tensor.size()));
        const double error = size == 0 ? norm(difference) : norm(difference) / size;
        EXPECT_LE(error, 1e-5) << problem.text() << ": " << tensor.name;
        largest = std::max(largest, error);
      }
      RecordProperty(fmt::format("{}_layers_{}", layers, loss == Loss::ctc ? "ctc" : "ce"),
                     fmt::format("{:.1e}", largest));
    }
  }
}

// bf16x3 holds as many bytes of activations as fp32, and packs weights for forward and for backward.
TEST(Bf16EngineMemory, IsAtMostSixtyPercentOfFp32AndInTwoPartsLittleMore) {
  const Network network{.inputs = 123, .units = 320, .layers = 4, .directions = 2, .classes = 10};
  const BatchShape shape{.samples = 32, .time_steps = 1000};
  const auto bytes = [&](DType dtype) {
    return make_engine("sequence", network, shape, {.dtype = dtype})->workspace_bytes();
  };
  const std::size_t fp32 = bytes(DType::fp32);
  EXPECT_LE(bytes(DType::bf16), fp32 * 6 / 10) << fp32;
  EXPECT_LE(bytes(DType::bf16x3), fp32 * 11 / 10) << fp32;
}

}  // namespace
}  // namespace lstm
