// An engine as a part of a larger network: its inputs have gradients, its outputs are another part's inputs.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "lstm/engines/every_engine_and_dtype.h"
#include "lstm/engines/training_controls.h"
#include "parallel_region.h"

namespace lstm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::RandomProblem;
using testing::StepResult;
using ::testing::ThrowsMessage;

class LargerNetwork : public testing::EveryEngineAndDType {};

INSTANTIATE_TEST_SUITE_P(, LargerNetwork, ::testing::ValuesIn(testing::every_engine_and_dtype()),
                         [](const auto& parameter) { return parameter.param.text(); });

TEST_P(LargerNetwork, GetsGradientsOfItsInputs) {
  for (int seed = 700, last = seed + testing::shape_count(40); seed < last; ++seed) {
    const RandomProblem problem(static_cast<std::uint32_t>(seed));
    for (const Isa isa : testing::kEveryIsa) {
      if (!is_available(isa)) continue;
      const auto engine = engine_for(problem, {.threads = 1 + seed % 3, .isa = isa, .input_gradients = true});
      testing::expect_input_gradients(*engine, problem, tolerance(problem));
    }
    if (HasFailure()) FAIL() << "stopped at the first shape that fails";
  }
}

TEST_P(LargerNetwork, ComputesTheSameOnThreadsOfTheProgram) {
  for (std::uint32_t seed = 900; seed < 904; ++seed) {
    const RandomProblem problem(seed);
    const auto own = engine_for(problem, {.threads = 2});
    const auto others = engine_for(problem, {.threads = 2, .region = PlainRegion::region()});
    PlainRegion::runs = 0;
    for (int step = 0; step < 3; ++step) {
      const auto expected = testing::loss_and_gradients(*own, problem.batch());
      const auto got = testing::loss_and_gradients(*others, problem.batch());
      EXPECT_EQ(got.loss, expected.loss) << problem.text();
      EXPECT_EQ(got.gradients, expected.gradients) << problem.text();
    }
    EXPECT_GT(PlainRegion::runs, 0);
  }
}

TEST_P(LargerNetwork, TakesRowsInAnyOrder) {
  for (std::uint32_t seed = 800; seed < 808; ++seed) {
    const RandomProblem with_head(seed);
    for (const RandomProblem& problem : {with_head, with_head.without_head()}) {
      for (const bool input_gradients : {false, true}) {
        const auto engine = engine_for(
            problem, {.threads = 1 + static_cast<int>(seed % 2), .input_gradients = input_gradients});
        testing::expect_row_orders(*engine, problem, input_gradients);
      }
    }
    if (HasFailure()) FAIL() << "stopped at the first shape that fails";
  }
}

// More rows and columns than any kernel takes at once, in chunks.
TEST_P(LargerNetwork, GetsGradientsOfManyInputs) {
  for (const Loss loss : {Loss::ctc, Loss::cross_entropy}) {
    for (const int layers : {1, 2}) {
      const Network network{
          .inputs = 173, .units = 45, .layers = layers, .directions = 2, .classes = 12, .loss = loss};
      const RandomProblem problem(network, {.samples = 75, .time_steps = 12, .max_labels = 4}, 7);
      const auto engine = engine_for(problem, {.threads = 2, .input_gradients = true});
      testing::expect_input_gradients(*engine, problem, tolerance(problem));
    }
  }
}

TEST_P(LargerNetwork, HasTheSameBitsWithAndWithoutGradientsOfItsInputs) {
  for (std::uint32_t seed = 740; seed < 760; ++seed) {
    const RandomProblem problem(seed);
    const auto with = engine_for(problem, {.threads = 2, .input_gradients = true});
    const auto without = engine_for(problem, {.threads = 2});
    for (int step = 0; step < 2; ++step) {
      const StepResult expected = testing::loss_and_gradients(*without, problem.batch());
      const StepResult got = testing::loss_and_gradients(*with, problem.batch());
      EXPECT_EQ(got.loss, expected.loss) << problem.text();
      EXPECT_EQ(got.gradients, expected.gradients) << problem.text();
    }
    EXPECT_LE(without->workspace_bytes(), with->workspace_bytes());
  }
}

TEST_P(LargerNetwork, SaysThatItHasNoGradientsOfInputs) {
  const RandomProblem problem(1);
  const auto engine = engine_for(problem);
  testing::loss_and_gradients(*engine, problem.batch());
  std::vector<float> gradients(problem.x.size());
  EXPECT_THAT([&] { engine->read_input_gradients(gradients); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("EngineOptions::input_gradients")));
}

TEST_P(LargerNetwork, GetsOutputsOfALayerWithoutHead) {
  for (int seed = 760, last = seed + testing::shape_count(40); seed < last; ++seed) {
    const RandomProblem problem = RandomProblem(static_cast<std::uint32_t>(seed)).without_head();
    for (const Isa isa : testing::kEveryIsa) {
      if (!is_available(isa)) continue;
      const auto engine = engine_for(problem, {.threads = 1 + seed % 3, .isa = isa, .input_gradients = true});
      testing::expect_logits(*engine, problem, tolerance(problem));
      testing::expect_logit_gradients(*engine, problem, tolerance(problem));
      testing::expect_input_gradients(*engine, problem, tolerance(problem));
    }
    if (HasFailure()) FAIL() << "stopped at the first shape that fails";
  }
}

// Padding between the outputs of two batches of different lengths must not keep anything of the first.
TEST_P(LargerNetwork, KeepsNothingOfEarlierBatchesWithoutHead) {
  const Network network{.inputs = 5, .units = 18, .layers = 2, .directions = 2, .classes = 7};
  const RandomProblem large = RandomProblem(network, {9, 11, 3}, 1).without_head();
  const auto used = engine_for(large, {.threads = 2, .input_gradients = true});
  for (std::uint32_t seed = 2; seed < 8; ++seed) {
    RandomProblem small = RandomProblem(network, {4, 6, 3}, seed).without_head();
    small.parameters = large.parameters;
    used->load(large.batch());
    used->forward();
    used->set_logit_gradients(testing::random_logit_gradients(large));
    used->backward();
    testing::expect_logits(*used, small, tolerance(small));
    testing::expect_logit_gradients(*used, small, tolerance(small));
    testing::expect_input_gradients(*used, small, tolerance(small));
  }
}

// Two engines in a row are one network of two layers.
TEST_P(LargerNetwork, IsOneLayerOfTwo) {
  for (const int directions : {1, 2}) {
    const Network both{.inputs = 6, .units = 19, .layers = 2, .directions = directions, .classes = 4};
    const RandomProblem problem = RandomProblem(both, {5, 9, 1}, 21).without_head();
    Network lower = problem.network, upper = problem.network;
    lower.layers = upper.layers = 1;
    upper.inputs = both.layer_inputs(1);

    const EngineOptions options{.dtype = GetParam().dtype, .threads = 2, .input_gradients = true};
    const auto first = make_engine(GetParam().engine, lower, problem.shape, options);
    const auto second = make_engine(GetParam().engine, upper, problem.shape, options);
    const std::size_t parameters_of_first = first->layout().size();
    std::copy_n(problem.parameters.begin(), parameters_of_first, first->parameters().begin());
    std::copy(problem.parameters.begin() + static_cast<std::ptrdiff_t>(parameters_of_first),
              problem.parameters.end(), second->parameters().begin());

    Batch batch = problem.batch();
    first->load(batch);
    first->forward();
    std::vector<float> between(logits_size(lower, batch)), d_between(between.size());
    first->read_logits(between);
    batch.x = between;
    second->load(batch);
    second->forward();
    second->set_logit_gradients(testing::random_logit_gradients(problem));
    second->backward();
    second->read_input_gradients(d_between);
    first->set_logit_gradients(d_between);
    first->backward();
    std::vector<double> gradients = testing::gradients_of(*first);
    const std::vector<double> upper_gradients = testing::gradients_of(*second);
    gradients.insert(gradients.end(), upper_gradients.begin(), upper_gradients.end());

    const auto reference = testing::engine_for(problem, "reference", {.dtype = DType::fp64});
    reference->load(problem.batch());
    reference->forward();
    reference->set_logit_gradients(testing::random_logit_gradients(problem));
    reference->backward();
    testing::expect_close({0, gradients}, {0, testing::gradients_of(*reference)}, reference->layout(),
                          tolerance(problem), problem.text());
  }
}

TEST(LargerNetworkOnAGpu, IsRefusedByName) {
  const RandomProblem problem({.inputs = 4, .units = 7, .classes = 3}, {3, 4, 1}, 5);
  const Network headless = problem.without_head().network;
  for (const EngineKind& kind : engine_kinds(Device::cuda)) {
    EXPECT_THAT(
        [&] { make_engine(kind.name, headless, problem.shape, {.dtype = kind.dtypes[0]}); },
        ThrowsMessage<std::invalid_argument>(AllOf(HasSubstr(std::string(kind.name)), HasSubstr("no head"))));
    EXPECT_THAT(
        [&] {
          make_engine(kind.name, problem.network, problem.shape,
                      {.dtype = kind.dtypes[0], .input_gradients = true});
        },
        ThrowsMessage<std::invalid_argument>(HasSubstr("input_gradients")));
  }
}

}  // namespace
}  // namespace lstm
