#include "engines/sequence/sequence_engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "lstm/engines/random_problem.h"

namespace lstm {
namespace {

using testing::RandomProblem;
using testing::StepResult;

TEST(SequenceEngine, GivesTheSameBitsForAnyThreadsAndSplit) {
  for (std::uint32_t seed = 1000; seed < 1012; ++seed) {
    const RandomProblem problem(seed);
    for (const Isa isa : testing::available_isas()) {
      const auto alone = testing::engine_for(problem, "sequence", {.threads = 1, .isa = isa});
      const StepResult expected = testing::loss_and_gradients(*alone, problem.batch());
      for (const int threads : {2, 3, 5}) {
        for (const Split split : {Split::automatic, Split::directions, Split::units, Split::samples}) {
          const auto engine =
              testing::engine_for(problem, "sequence", {.threads = threads, .isa = isa, .split = split});
          const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
          const std::string what =
              fmt::format("{}, {}, {}", problem.text(), name(isa), engine->description());
          ASSERT_EQ(got.loss, expected.loss) << what;
          ASSERT_EQ(got.gradients, expected.gradients) << what;
        }
      }
    }
  }
}

// Rows of one step, times the groups that they are computed in, are more than an int holds.
TEST(SequenceEngine, TakesMoreSamplesThanItsIndicesSquared) {
  constexpr int kFew = 3, kMany = 600'000;
  const Network network{.inputs = 1, .units = 2, .classes = 2};
  const RandomProblem few(network, {kFew, 1, 1}, 5);
  RandomProblem many = few;
  many.shape.samples = kMany;
  for (int n = kFew; n < kMany; ++n) {
    const auto from = static_cast<std::size_t>(n % kFew);
    many.x.push_back(few.x[from]);
    many.lengths.push_back(few.lengths[from]);
    many.labels.push_back(few.labels[from]);
  }
  const StepResult expected = testing::reference_result(few);
  for (const Isa isa : testing::available_isas()) {
    const auto engine = testing::engine_for(many, "sequence", {.isa = isa});
    testing::expect_close(testing::loss_and_gradients(*engine, many.batch()), expected, engine->layout(),
                          1e-2, std::string(name(isa)));  // sums of so many numbers in fp32
  }
}

// Weight gradients of the first chunks are computed while others' recurrence goes on, by whoever waits.
TEST(SequenceEngine, GivesTheSameBitsOverManyChunks) {
  const Network network{
      .inputs = 20, .units = 30, .layers = 2, .directions = 2, .classes = 6, .loss = Loss::ctc};
  const RandomProblem problem(network, {.samples = 37, .time_steps = 50, .max_labels = 4}, 11);
  for (const Isa isa : testing::available_isas()) {
    const auto alone = testing::engine_for(problem, "sequence", {.threads = 1, .isa = isa});
    const StepResult expected = testing::loss_and_gradients(*alone, problem.batch());
    for (const int threads : {2, 4}) {
      for (const Split split : {Split::directions, Split::units, Split::samples}) {
        const auto engine =
            testing::engine_for(problem, "sequence", {.threads = threads, .isa = isa, .split = split});
        for (int step = 0; step < 2; ++step) {
          const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
          const std::string what = fmt::format("{}, {}, step {}", name(isa), engine->description(), step);
          ASSERT_EQ(got.loss, expected.loss) << what;
          ASSERT_EQ(got.gradients, expected.gradients) << what;
        }
      }
    }
  }
}

// More rows than a group of tiles, more of K than a piece, more than one chunk, and a padded last block of
// units.
TEST(SequenceEngine, AgreesWithTheReferenceBeyondEveryBlockSize) {
  const Network network{
      .inputs = 150, .units = 170, .layers = 2, .directions = 2, .classes = 12, .loss = Loss::ctc};
  const RandomProblem problem(network, {.samples = 61, .time_steps = 11, .max_labels = 4}, 7);
  const StepResult expected = testing::reference_result(problem);
  for (const Isa isa : testing::available_isas()) {
    const auto engine = testing::engine_for(problem, "sequence", {.threads = 2, .isa = isa});
    const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
    testing::expect_close(got, expected, engine->layout(), 1e-4,
                          fmt::format("{}, {}", problem.text(), name(isa)));
  }
}

// Its weight gradients are cut into more parts than those of the second layer have tiles.
TEST(SequenceEngine, AgreesWithTheReferenceWhereTheFirstLayerIsTheLargest) {
  const Network network{.inputs = 900, .units = 4, .layers = 2, .directions = 1, .classes = 3};
  const RandomProblem problem(network, {.samples = 5, .time_steps = 6}, 3);
  const StepResult expected = testing::reference_result(problem);
  for (const Isa isa : testing::available_isas()) {
    for (const int threads : {1, 2, 8}) {
      const auto engine = testing::engine_for(problem, "sequence", {.threads = threads, .isa = isa});
      const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
      testing::expect_close(got, expected, engine->layout(), 1e-4,
                            fmt::format("{}, {}, {} threads", problem.text(), name(isa), threads));
    }
  }
}

TEST(SequenceEngine, TakesMemoryForTheSumOfLengthsOnly) {
  const Network network{.inputs = 8, .units = 32, .layers = 1, .directions = 2, .classes = 5};
  const BatchShape all{.samples = 16, .time_steps = 400};
  BatchShape half = all;
  half.total_steps = 16 * 200;
  const std::size_t bytes = make_engine("sequence", network, all)->workspace_bytes();
  EXPECT_LT(make_engine("sequence", network, half)->workspace_bytes(), bytes * 6 / 10);
}

TEST(SequenceEngine, RefusesBatchesLongerThanItsMemory) {
  const Network network{.inputs = 1, .units = 4, .layers = 1, .directions = 1, .classes = 2};
  const auto engine = make_engine("sequence", network, {.samples = 2, .time_steps = 3, .total_steps = 5});
  const std::vector<float> x(6);
  const std::vector<std::int32_t> lengths = {3, 3}, labels = {0, 1};
  Batch batch;
  batch.samples = 2;
  batch.time_steps = 3;
  batch.x = x;
  batch.lengths = lengths;
  batch.labels = labels;
  EXPECT_THROW(engine->load(batch), std::invalid_argument);
}

}  // namespace
}  // namespace lstm
