// The bf16 engine, on every kernel variant. One whose instructions the machine lacks says so.
#include "engines/sequence/bf16/engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "lstm/engines/random_problem.h"

namespace lstm {
namespace {

using testing::RandomProblem;
using testing::StepResult;

// Every operand of a product is off by up to 2^-9 of itself, and so are saved gates and outputs. A gradient
// is a sum of products of such numbers along all paths through layers and steps; their errors are
// independent, so they add like a random walk. Ten times 2^-8 for a path through one layer of up to 32 steps
// leaves room for what cancels in networks of one or two units.
double tolerance(const RandomProblem& problem) {
  const double depth = std::max(1.0, problem.shape.time_steps / 32.0) * problem.network.layers;
  return 10 * 0x1p-8 * std::sqrt(depth);
}

class Bf16Engine : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (is_available(GetParam())) return;
    GTEST_SKIP() << "skipped: needs " << (GetParam() == Isa::amx ? "amx-bf16" : "avx512-bf16");
  }
  std::unique_ptr<Engine> engine_for(const RandomProblem& problem, EngineOptions options = {}) const {
    options.dtype = DType::bf16;
    options.isa = GetParam();
    return testing::engine_for(problem, "sequence", options);
  }
};

INSTANTIATE_TEST_SUITE_P(, Bf16Engine, ::testing::Values(Isa::portable, Isa::avx512bf16, Isa::amx),
                         [](const auto& parameter) { return std::string(name(parameter.param)); });

int shape_count() {
  const char* text = std::getenv("LSTM_TEST_SHAPES");
  return text == nullptr ? 100 : std::atoi(text);
}

TEST_P(Bf16Engine, AgreesWithTheReferenceOnRandomShapes) {
  for (int seed = 1; seed <= shape_count(); ++seed) {
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

// The four workloads, reduced: the same shape of network, fewer of everything. Two hundred steps of Adam
// amplify what differs; the band is relative to the loss at the start.
struct Workload {
  const char* name;
  Network network;
  BatchShape shape;
};
const Workload kWorkloads[] = {
    {"1x320/CE-short",
     {.inputs = 23, .units = 40, .layers = 1, .directions = 1, .classes = 10, .loss = Loss::cross_entropy},
     {.samples = 16, .time_steps = 10}},
    {"1x320/CE-long",
     {.inputs = 23, .units = 40, .layers = 1, .directions = 1, .classes = 10, .loss = Loss::cross_entropy},
     {.samples = 8, .time_steps = 60}},
    {"4x320/CE-long",
     {.inputs = 23, .units = 40, .layers = 4, .directions = 2, .classes = 10, .loss = Loss::cross_entropy},
     {.samples = 8, .time_steps = 30}},
    {"4x320/CTC-long",
     {.inputs = 23, .units = 40, .layers = 4, .directions = 2, .classes = 19, .loss = Loss::ctc},
     {.samples = 8, .time_steps = 30, .max_labels = 5}}};
constexpr double kBand = 0.05;

TEST_P(Bf16Engine, FollowsTheLossOfFp32ThroughTwoHundredSteps) {
  if (GetParam() == Isa::portable) GTEST_SKIP() << "skipped: too slow on the model of AMX's tiles";
  for (const Workload& workload : kWorkloads) {
    const RandomProblem problem(workload.network, workload.shape, 11);
    const auto fp32 = testing::engine_for(problem, "sequence", {});
    const auto bf16 = engine_for(problem, {.threads = 2});
    double first = 0, last = 0, worst = 0;
    for (int step = 0; step < 200; ++step) {
      const double expected = testing::loss_and_gradients(*fp32, problem.batch()).loss;
      const double got = testing::loss_and_gradients(*bf16, problem.batch()).loss;
      if (step == 0) first = expected;
      last = expected;
      worst = std::max(worst, std::abs(got - expected) / first);
      ASSERT_NEAR(got, expected, kBand * first) << workload.name << ", step " << step;
      fp32->update();
      bf16->update();
    }
    RecordProperty(workload.name, fmt::format("{:.4f}", worst));
    EXPECT_LT(last, 0.8 * first) << workload.name << ": the loss did not fall";
  }
}

TEST(Bf16EngineMemory, IsAtMostSixtyPercentOfFp32) {
  const Network network{.inputs = 123, .units = 320, .layers = 4, .directions = 2, .classes = 10};
  const BatchShape shape{.samples = 32, .time_steps = 1000};
  const std::size_t fp32 = make_engine("sequence", network, shape)->workspace_bytes();
  const std::size_t bf16 = make_engine("sequence", network, shape, {.dtype = DType::bf16})->workspace_bytes();
  EXPECT_LE(bf16, fp32 * 6 / 10) << fp32;
}

}  // namespace
}  // namespace lstm
