// The engines for a GPU on an emulated device: their own host code, launches and kernels, with models of
// CUDA's runtime and of cuBLAS (emulation/). What it cannot show: races inside kernels beyond barriers, real
// numerics of tensor cores, speed.
#include <cuda_runtime_api.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cuda/basic/basic_engine.h"
#include "cuda/fused/fused_engine.h"
#include "cuda/persistent/persistent_engine.h"
#include "lstm/cuda/emulation/queues.h"
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
  return static_cast<std::uint32_t>(std::max(1, testing::shape_count(60) / 10));
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
    const AdamOptions adam{.learning_rate = 0.01, .weight_decay = 2};
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

// Batches in turns that differ in one of the things that a graph is recorded for.
std::vector<RandomProblem> batches_of_different_patterns(Loss loss) {
  const Network network{.inputs = 5, .units = 18, .layers = 2, .directions = 2, .classes = 7, .loss = loss};
  const BatchShape shape{5, 9, 3};
  std::vector<RandomProblem> batches;
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {  // lengths
    RandomProblem& batch = batches.emplace_back(network, seed == 4 ? BatchShape{3, 9, 3} : shape, seed);
    for (std::size_t n = 0; n < batch.lengths.size(); ++n)
      batch.lengths[n] = 9 - static_cast<int>((n + 1) * seed) % 7;
    if (loss == Loss::ctc) batch.loss_lengths = batch.lengths;
  }
  RandomProblem longer = batches[0];  // loaded steps
  const std::size_t row = static_cast<std::size_t>(network.inputs) * 9, longer_row = row / 9 * 11;
  longer.shape.time_steps = 11;
  longer.x.assign(5 * longer_row, 0.0f);
  for (std::size_t n = 0; n < 5; ++n)
    std::copy_n(batches[0].x.begin() + static_cast<std::ptrdiff_t>(n * row), row,
                longer.x.begin() + static_cast<std::ptrdiff_t>(n * longer_row));
  batches.push_back(longer);
  if (loss == Loss::ctc) {  // loss steps
    RandomProblem& batch = batches.emplace_back(batches[0]);
    batch.loss_lengths.assign(batch.lengths.size(), 2);
    batch.label_lengths.assign(batch.lengths.size(), 1);
    batch.labels.assign(batch.lengths.size(), 1);
  }
  for (RandomProblem& batch : batches) batch.parameters = batches[0].parameters;
  return batches;
}

TEST_P(EmulatedEngine, TakesDifferentLengthsInTurns) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const std::vector<RandomProblem> batches = batches_of_different_patterns(loss);
    RandomProblem largest = batches[0];
    largest.shape.time_steps = 11;
    std::vector<StepResult> expected;
    for (const RandomProblem& batch : batches) {
      expected.push_back(testing::loss_and_gradients(*engine_for(largest), batch.batch()));
    }
    const auto engine = engine_for(largest);
    std::vector<std::size_t> order = {0, 1, 0, 1, 0, 1, 0, 4, 0, 4, 4, 2, 2, 3, 3, 1, 0, 4, 0, 0, 1, 1};
    if (loss == Loss::ctc) order.insert(order.end(), {5, 0, 5, 0, 5, 0});
    for (std::size_t step = 0; step < order.size(); ++step) {
      const StepResult got = testing::loss_and_gradients(*engine, batches[order[step]].batch());
      EXPECT_EQ(got.loss, expected[order[step]].loss) << "step " << step;
      EXPECT_EQ(got.gradients, expected[order[step]].gradients) << "step " << step;
    }
  }
}

// Whatever order of streams their events allow gives the same bits.
TEST_P(EmulatedEngine, WaitsForItsOtherStreams) {
  using testing::emulation::StreamOrder, testing::emulation::use_stream_order;
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const Network network{.inputs = 5, .units = 10, .layers = 3, .directions = 2, .classes = 7, .loss = loss};
    const RandomProblem first(network, {5, 6, 3}, 1);
    RandomProblem second(network, {5, 6, 3}, 2);
    second.parameters = first.parameters;
    const auto results = [&](StreamOrder order) {
      use_stream_order(order);
      std::vector<StepResult> steps;
      const auto engine = engine_for(first);
      for (int step = 0; step < 8; ++step) {
        steps.push_back(testing::loss_and_gradients(*engine, (step % 2 == 0 ? first : second).batch()));
        if (step == 4) engine->update();
      }
      use_stream_order(StreamOrder::late);
      return steps;
    };
    const std::vector<StepResult> expected = results(StreamOrder::late);
    for (const StreamOrder order :
         {StreamOrder::early, StreamOrder::random, StreamOrder::random, StreamOrder::random}) {
      const std::vector<StepResult> got = results(order);
      for (std::size_t step = 0; step < expected.size(); ++step) {
        EXPECT_EQ(got[step].loss, expected[step].loss) << "step " << step;
        EXPECT_EQ(got[step].gradients, expected[step].gradients) << "step " << step;
      }
    }
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

// Nobody waits for the device between forward and the end of backward.
TEST_P(EmulatedEngine, TellsTheLossBehindBackward) {
  using testing::emulation::StreamOrder, testing::emulation::use_stream_order;
  for (const StreamOrder order : {StreamOrder::random, StreamOrder::early, StreamOrder::late}) {
    use_stream_order(order);
    for (std::uint32_t seed = 600; seed < 604; ++seed) {
      const RandomProblem problem(seed);
      testing::expect_started_loss(*engine_for(problem), problem);
    }
  }
}

TEST_P(EmulatedEngine, TellsItsOwnTimeBehindBackward) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const RandomProblem problem({.inputs = 4, .units = 7, .classes = 3, .loss = loss}, {3, 4, 1}, 5);
    const auto engine = engine_for(problem);
    engine->load(problem.batch());
    EXPECT_FALSE(engine->device_times().has_value());
    engine->forward();
    engine->start_loss();
    EXPECT_FALSE(engine->device_times().has_value());
    engine->backward();
    const auto times = engine->device_times();
    ASSERT_TRUE(times.has_value());
    EXPECT_GT(times->forward_ns, 0);
    EXPECT_GT(times->backward_ns, 0);
    if (loss == Loss::ctc) {
      EXPECT_GT(times->loss_ns, 0);
    } else {
      EXPECT_EQ(times->loss_ns, 0) << "part of forward";
    }
    engine->forward();
    EXPECT_FALSE(engine->device_times().has_value());
  }
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

TEST_P(EmulatedEngine, TakesRowsInAnyOrder) {
  for (std::uint32_t seed = 800; seed < 804; ++seed) {
    const RandomProblem problem(seed);
    testing::expect_row_orders(*engine_for(problem), problem, false);
  }
}

TEST_P(EmulatedEngine, ClipsGradientsTakesALearningRateAndAdamsState) {
  const RandomProblem problem({.inputs = 4, .units = 7, .classes = 3}, {3, 4, 1}, 5);
  testing::expect_clipped_gradients(*engine_for(problem), problem);
  testing::expect_written_gradients(*engine_for(problem), problem);
  testing::expect_learning_rate(*engine_for(problem), problem);
  testing::expect_resumed_training(*engine_for(problem), *engine_for(problem), problem);
}

// Whatever device is current when it is called, and when it ends: the emulation throws for calls that work on
// another one.
TEST_P(EmulatedEngine, StaysOnTheDeviceThatItWasMadeOn) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    const RandomProblem problem(
        {.inputs = 4, .units = 7, .layers = 2, .directions = 2, .classes = 3, .loss = loss}, {3, 4, 1}, 5);
    const StepResult expected = testing::loss_and_gradients(*engine_for(problem), problem.batch());
    cudaSetDevice(1);
    auto engine = engine_for(problem);
    cudaSetDevice(0);
    testing::expect_logits(*engine, problem, GetParam().tolerance);
    testing::expect_clipped_gradients(*engine, problem);
    testing::expect_started_loss(*engine, problem);
    engine->set_adam_state(engine->adam_state());
    engine->update();
    std::copy(problem.parameters.begin(), problem.parameters.end(), engine->parameters().begin());
    for (int step = 1; step <= 3; ++step) {
      EXPECT_EQ(testing::loss_and_gradients(*engine, problem.batch()).gradients, expected.gradients);
    }
    EXPECT_TRUE(engine->device_times().has_value());
    engine->set_gradients(std::vector<float>(engine->layout().size()));
    engine->synchronise();
    testing::expect_logit_gradients(*engine, problem, GetParam().tolerance);
    engine.reset();
    int device = -1;
    cudaGetDevice(&device);
    EXPECT_EQ(device, 0);
  }
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
  Batch with_states = problem.batch();
  std::vector<float> h(states_size(problem.network, with_states)), c(h.size());
  EXPECT_THROW(engine->read_final_states(h, c), std::invalid_argument);
  with_states.initial_h = h;
  with_states.initial_c = c;
  EXPECT_THROW(engine->load(with_states), std::invalid_argument) << "initial states";
  const Network huge{.inputs = 1 << 20, .units = 1 << 15, .classes = 10};
  EXPECT_THROW(GetParam().make(huge, {1, 1, 1}, {.dtype = GetParam().dtype}, {}), std::bad_alloc);
}

}  // namespace
}  // namespace lstm::cuda
