// States that sequences start from and end in, and their gradients, of every engine in every dtype.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "lstm/engines/every_engine_and_dtype.h"
#include "lstm/engines/training_controls.h"

namespace lstm {
namespace {

using ::testing::HasSubstr;
using testing::RandomProblem;
using testing::StepResult;
using ::testing::ThrowsMessage;

struct HAndC {
  explicit HAndC(std::size_t size) : h(size), c(size) {}
  std::vector<float> h, c;
};

HAndC random_states(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  HAndC states(size);
  for (auto* each : {&states.h, &states.c}) {
    for (float& value : *each) value = uniform(random);
  }
  return states;
}

// What a problem gets beside its batch.
struct Ends {
  Ends(const RandomProblem& problem, std::uint32_t seed)
      : initial(random_states(states_size(problem.network, problem.batch()), seed)),
        d_final(random_states(initial.h.size(), seed + 1)) {}
  HAndC initial, d_final;
};

struct StepWithStates {
  StepResult result;
  HAndC final_states, d_initial;
};

StepWithStates step_with_states(Engine& engine, const RandomProblem& problem, const Ends& ends) {
  Batch batch = problem.batch();
  batch.initial_h = ends.initial.h;
  batch.initial_c = ends.initial.c;
  StepWithStates step{{}, HAndC(ends.initial.h.size()), HAndC(ends.initial.h.size())};
  engine.load(batch);
  engine.forward();
  engine.read_final_states(step.final_states.h, step.final_states.c);
  engine.set_final_state_gradients(ends.d_final.h, ends.d_final.c);
  if (problem.network.loss == Loss::custom) {
    engine.set_logit_gradients(testing::random_logit_gradients(problem));
  } else {
    step.result.loss = engine.loss();
  }
  engine.backward();
  step.result.gradients = testing::gradients_of(engine);
  engine.read_initial_state_gradients(step.d_initial.h, step.d_initial.c);
  HAndC again(ends.initial.h.size());
  engine.read_final_states(again.h, again.c);
  EXPECT_EQ(again.h, step.final_states.h) << "backward changed them";
  EXPECT_EQ(again.c, step.final_states.c) << "backward changed them";
  return step;
}

double norm(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  return std::sqrt(sum);
}

// Within `tolerance` of the norm, or of `least_norm` where it is smaller than that.
void expect_near(std::span<const float> got, std::span<const float> expected, double tolerance,
                 const std::string& what, double least_norm = 0) {
  ASSERT_EQ(got.size(), expected.size());
  std::vector<float> difference(got.size());
  for (std::size_t i = 0; i < got.size(); ++i) difference[i] = got[i] - expected[i];
  EXPECT_LE(norm(difference), tolerance * std::max(norm(expected), least_norm))
      << what << " of norm " << norm(expected);
}

void expect_near(const StepWithStates& got, const StepWithStates& expected, const Ends& ends,
                 const ParameterLayout& layout, double tolerance, const std::string& what) {
  testing::expect_close(got.result, expected.result, layout, tolerance, what);
  expect_near(got.final_states.h, expected.final_states.h, tolerance, what + ": final h");
  expect_near(got.final_states.c, expected.final_states.c, tolerance, what + ": final c");
  // Gradients that all but vanish on the way from the ends are differences of larger ones.
  const double least_norm = 1e-2 * std::max(norm(ends.d_final.h), norm(ends.d_final.c));
  expect_near(got.d_initial.h, expected.d_initial.h, tolerance, what + ": gradient of initial h", least_norm);
  expect_near(got.d_initial.c, expected.d_initial.c, tolerance, what + ": gradient of initial c", least_norm);
}

class States : public testing::EveryEngineAndDType {};

INSTANTIATE_TEST_SUITE_P(, States, ::testing::ValuesIn(testing::every_engine_and_dtype()),
                         [](const auto& parameter) { return parameter.param.text(); });

TEST_P(States, AgreeWithTheReferenceOnRandomShapes) {
  for (int seed = 800, last = seed + testing::shape_count(60); seed < last; ++seed) {
    const RandomProblem with_loss(static_cast<std::uint32_t>(seed));
    for (const RandomProblem& problem : {with_loss, with_loss.without_head()}) {
      const Ends ends(problem, problem.seed);
      const auto reference = testing::engine_for(problem, "reference", {.dtype = DType::fp64});
      const StepWithStates expected = step_with_states(*reference, problem, ends);
      for (const Isa isa : testing::kEveryIsa) {
        if (!is_available(isa)) continue;
        const auto engine = engine_for(problem, {.threads = 1 + seed % 3, .isa = isa});
        expect_near(step_with_states(*engine, problem, ends), expected, ends, engine->layout(),
                    tolerance(problem), fmt::format("{}, {}", problem.text(), engine->description()));
      }
    }
    if (HasFailure()) FAIL() << "stopped at the first shape that fails";
  }
}

// More rows and units than any kernel takes at once, in chunks, by several threads.
TEST_P(States, AgreeWithTheReferenceBeyondEveryBlockSize) {
  for (const Loss loss : {Loss::ctc, Loss::cross_entropy}) {
    const Network network{
        .inputs = 45, .units = 75, .layers = 2, .directions = 2, .classes = 12, .loss = loss};
    const RandomProblem problem(network, {.samples = 75, .time_steps = 12, .max_labels = 4}, 7);
    const Ends ends(problem, 3);
    const auto reference = testing::engine_for(problem, "reference", {.dtype = DType::fp64, .threads = 2});
    const StepWithStates expected = step_with_states(*reference, problem, ends);
    for (const Split split : {Split::directions, Split::units, Split::samples}) {
      const auto engine = engine_for(problem, {.threads = 2, .split = split});
      expect_near(step_with_states(*engine, problem, ends), expected, ends, engine->layout(),
                  tolerance(problem), fmt::format("{}, {}", problem.text(), engine->description()));
    }
  }
}

TEST_P(States, AreForgottenWithTheirBatch) {
  for (std::uint32_t seed = 860; seed < 870; ++seed) {
    const RandomProblem problem(seed);
    const auto used = engine_for(problem, {.threads = 2}), fresh = engine_for(problem, {.threads = 2});
    step_with_states(*used, problem, Ends(problem, seed));
    const StepResult expected = testing::loss_and_gradients(*fresh, problem.batch());
    const StepResult got = testing::loss_and_gradients(*used, problem.batch());
    EXPECT_EQ(got.loss, expected.loss) << problem.text();
    EXPECT_EQ(got.gradients, expected.gradients) << problem.text();
    used->forward();  // of the same batch once more: gradients of final states are to be set again
    used->set_final_state_gradients(std::vector<float>(states_size(problem.network, problem.batch()), 1.0f),
                                    std::vector<float>(states_size(problem.network, problem.batch()), 1.0f));
    used->forward();
    used->loss();
    used->backward();
    EXPECT_EQ(testing::gradients_of(*used), expected.gradients) << problem.text();
  }
}

TEST_P(States, OfZeroAreNone) {
  for (std::uint32_t seed = 870; seed < 880; ++seed) {
    const RandomProblem problem(seed);
    Ends zeros(problem, seed);
    for (auto* states : {&zeros.initial, &zeros.d_final}) {
      std::ranges::fill(states->h, 0.0f);
      std::ranges::fill(states->c, 0.0f);
    }
    const auto with = engine_for(problem, {.threads = 2}), without = engine_for(problem, {.threads = 2});
    testing::expect_close(step_with_states(*with, problem, zeros).result,
                          testing::loss_and_gradients(*without, problem.batch()), with->layout(),
                          GetParam().dtype == DType::bf16 ? 1e-2 : 1e-5, problem.text());
  }
}

// A sequence in two batches, the states of the first handed on, and their gradients back, is one sequence.
TEST_P(States, JoinSequences) {
  constexpr int kSteps = 9, kFirst = 4;
  const Network network{.inputs = 6, .units = 19, .layers = 2, .directions = 1, .classes = 4};
  RandomProblem whole = RandomProblem(network, {5, kSteps, 1}, 21).without_head();
  std::ranges::fill(whole.lengths, kSteps);
  const auto part = [&](int first, int last) {
    RandomProblem problem = whole;
    problem.shape.time_steps = last - first;
    problem.x.clear();
    const auto C = static_cast<std::size_t>(network.inputs);
    for (std::size_t n = 0; n < 5; ++n) {
      const std::size_t start = n * kSteps * C;
      problem.x.insert(problem.x.end(), &whole.x[start + static_cast<std::size_t>(first) * C],
                       whole.x.data() + start + static_cast<std::size_t>(last) * C);
    }
    std::ranges::fill(problem.lengths, last - first);
    return problem;
  };
  const std::vector<float> d_outputs = testing::random_logit_gradients(whole);
  const auto gradients_of_part = [&](int first, int last) {
    const auto H = static_cast<std::size_t>(network.units);
    std::vector<float> gradients;
    for (std::size_t n = 0; n < 5; ++n) {
      const float* sample = d_outputs.data() + n * kSteps * H;
      gradients.insert(gradients.end(), sample + static_cast<std::size_t>(first) * H,
                       sample + static_cast<std::size_t>(last) * H);
    }
    return gradients;
  };

  const auto one = engine_for(whole);
  one->load(whole.batch());
  one->forward();
  one->set_logit_gradients(d_outputs);
  one->backward();
  const std::vector<double> expected = testing::gradients_of(*one);

  const RandomProblem first = part(0, kFirst), second = part(kFirst, kSteps);
  const auto a = engine_for(first), b = engine_for(second);
  HAndC between(states_size(network, whole.batch())), d_between = between;
  a->load(first.batch());
  a->forward();
  a->read_final_states(between.h, between.c);
  Batch batch = second.batch();
  batch.initial_h = between.h;
  batch.initial_c = between.c;
  b->load(batch);
  b->forward();
  b->set_logit_gradients(gradients_of_part(kFirst, kSteps));
  b->backward();
  b->read_initial_state_gradients(d_between.h, d_between.c);
  a->set_final_state_gradients(d_between.h, d_between.c);
  a->set_logit_gradients(gradients_of_part(0, kFirst));
  a->backward();
  std::vector<double> sums = testing::gradients_of(*a);
  const std::vector<double> of_second = testing::gradients_of(*b);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += of_second[i];
  testing::expect_close({0, sums}, {0, expected}, one->layout(), tolerance(whole), whole.text());

  HAndC end_of_one(between.h.size()), end_of_two(between.h.size());
  one->read_final_states(end_of_one.h, end_of_one.c);
  b->read_final_states(end_of_two.h, end_of_two.c);
  expect_near(end_of_two.h, end_of_one.h, tolerance(whole), "final h");
  expect_near(end_of_two.c, end_of_one.c, tolerance(whole), "final c");
}

TEST_P(States, AreCheckedByName) {
  const RandomProblem problem({.inputs = 4, .units = 7, .layers = 2, .classes = 3}, {3, 4, 1}, 5);
  const auto engine = engine_for(problem);
  HAndC right(2 * 3 * 7), wrong(2 * 3 * 7 + 1);
  const auto expect = [](auto call, const char* text) {
    EXPECT_THAT(call, ThrowsMessage<std::invalid_argument>(HasSubstr(text)));
  };
  Batch batch = problem.batch();
  batch.initial_h = right.h;
  expect([&] { engine->load(batch); }, "initial_c: got 0 values, expected 42");
  batch.initial_c = wrong.c;
  expect([&] { engine->load(batch); }, "initial_c: got 43 values, expected 42");
  batch.initial_c = right.c;
  batch.initial_h = {};
  expect([&] { engine->load(batch); }, "initial_h: got 0 values, expected 42");
  expect([&] { engine->read_final_states(right.h, right.c); }, "before forward");
  expect([&] { engine->set_final_state_gradients(right.h, right.c); }, "before forward");
  testing::loss_and_gradients(*engine, problem.batch());
  expect([&] { engine->read_initial_state_gradients(right.h, right.c); }, "has no initial states");
  expect([&] { engine->set_final_state_gradients(right.h, right.c); }, "after backward");
  expect([&] { engine->read_final_states(right.h, wrong.c); }, "c: got 43 floats, expected 42");
  expect([&] { engine->read_final_states(wrong.h, right.c); }, "h: got 43 floats, expected 42");
}

}  // namespace
}  // namespace lstm
