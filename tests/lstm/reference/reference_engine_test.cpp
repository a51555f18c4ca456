#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lstm/engines/random_problem.h"
#include "lstm/engines/training_controls.h"

namespace lstm {
namespace {

using testing::RandomProblem;

std::unique_ptr<Engine> reference_for(const RandomProblem& problem, int threads = 1) {
  EngineOptions options;
  options.dtype = DType::fp64;
  options.threads = threads;
  return testing::engine_for(problem, "reference", options);
}

double loss_of(Engine& engine, const Batch& batch) {
  engine.load(batch);
  engine.forward();
  return engine.loss();
}

// Moves each value by `step` to both sides, as far as two floats are apart, exactly: `gradients` are the
// slopes of the loss within `tolerance` (of the slope where it is above 1).
template <class Gradients, class Loss>
void expect_slopes(std::span<float> values, const Gradients& gradients, float step, double tolerance,
                   const Loss& loss, const std::string& what) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float value = values[i], above = value + step, below = value - step;
    values[i] = above;
    const double loss_above = loss();
    values[i] = below;
    const double loss_below = loss();
    values[i] = value;
    const double slope = (loss_above - loss_below) / (static_cast<double>(above) - below);
    EXPECT_NEAR(gradients[i], slope, tolerance * std::max(1.0, std::abs(slope))) << what << " element " << i;
  }
}

// Each parameter is moved a little to both sides. Parameters are floats, so the distance is what two floats
// are apart, exactly; the error of the central difference is of the order of its square.
void expect_gradients_are_slopes(const RandomProblem& problem) {
  const auto engine = reference_for(problem);
  const std::vector<double> gradients = testing::loss_and_gradients(*engine, problem.batch()).gradients;
  for (const ParameterTensor& tensor : engine->layout().tensors()) {
    expect_slopes(
        engine->parameters().subspan(tensor.offset, tensor.size()),
        std::span(gradients).subspan(tensor.offset, tensor.size()), 3e-4f, 1e-6,
        [&] { return loss_of(*engine, problem.batch()); }, problem.text() + ": " + tensor.name);
  }
}

TEST(Reference, GradientsAreSlopesOfTheLoss) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    for (const int layers : {1, 2}) {
      for (const int directions : {1, 2}) {
        const Network network{
            .inputs = 2, .units = 3, .layers = layers, .directions = directions, .classes = 4, .loss = loss};
        for (std::uint32_t seed = 1; seed <= 3; ++seed) {
          RandomProblem problem(network, {3, 6, 2}, seed);
          problem.lengths = {6, 3, 4};
          if (loss == Loss::ctc) {  // repeated labels; one label, of which fewer steps are read; none
            problem.loss_lengths = {6, 2, 4};
            problem.label_lengths = {2, 1, 0};
            problem.labels = {2, 2, 3};
          }
          expect_gradients_are_slopes(problem);
        }
      }
    }
  }
}

// The same of x, by the loss of the network; without a head by a loss that is a sum of outputs times numbers.
void expect_input_gradients_are_slopes(RandomProblem problem) {
  const auto engine =
      testing::engine_for(problem, "reference", {.dtype = DType::fp64, .input_gradients = true});
  const std::vector<float> weights =
      problem.network.has_head() ? std::vector<float>() : testing::random_logit_gradients(problem);
  const auto loss = [&] {
    if (weights.empty()) return loss_of(*engine, problem.batch());
    engine->load(problem.batch());
    engine->forward();
    std::vector<float> outputs(weights.size());
    engine->read_logits(outputs);
    double sum = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!std::isnan(weights[i])) sum += double{weights[i]} * outputs[i];
    }
    return sum;
  };
  loss();
  if (!weights.empty()) engine->set_logit_gradients(weights);
  engine->backward();
  std::vector<float> gradients(problem.x.size());
  engine->read_input_gradients(gradients);
  // Outputs are read as floats: steps must be far above their rounding.
  const float step = weights.empty() ? 3e-4f : 1e-2f;
  const double tolerance = weights.empty() ? 1e-6 : 2e-4;
  expect_slopes(problem.x, gradients, step, tolerance, loss, problem.text() + ": x");
}

TEST(Reference, GradientsOfInputsAreSlopesOfTheLoss) {
  for (const int layers : {1, 2}) {
    for (const int directions : {1, 2}) {
      const Network network{
          .inputs = 2, .units = 3, .layers = layers, .directions = directions, .classes = 4};
      RandomProblem problem(network, {3, 6, 2}, 1);
      problem.lengths = {6, 3, 4};
      expect_input_gradients_are_slopes(problem);
      expect_input_gradients_are_slopes(problem.without_head());
    }
  }
}

// The same of initial states, by a loss that reads outputs and final states.
TEST(Reference, GradientsOfInitialStatesAreSlopesOfALossThatReadsFinalOnes) {
  for (const int directions : {1, 2}) {
    const Network network{.inputs = 2, .units = 3, .layers = 2, .directions = directions, .classes = 4};
    RandomProblem problem = RandomProblem(network, {3, 6, 2}, 1).without_head();
    problem.lengths = {6, 3, 1};
    const auto engine = reference_for(problem);
    Batch batch = problem.batch();
    const std::size_t size = states_size(problem.network, batch);
    std::vector<float> h(size), c(size), final_h(size), final_c(size), d_h(size), d_c(size);
    for (std::size_t i = 0; i < size; ++i) {  // any numbers
      h[i] = std::sin(static_cast<float>(i));
      c[i] = std::cos(static_cast<float>(2 * i));
      d_h[i] = std::cos(static_cast<float>(3 * i));
      d_c[i] = std::sin(static_cast<float>(5 * i));
    }
    batch.initial_h = h;
    batch.initial_c = c;
    const std::vector<float> d_outputs = testing::random_logit_gradients(problem);
    const auto loss = [&] {
      engine->load(batch);
      engine->forward();
      std::vector<float> outputs(d_outputs.size());
      engine->read_logits(outputs);
      engine->read_final_states(final_h, final_c);
      double sum = 0;
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (!std::isnan(d_outputs[i])) sum += double{d_outputs[i]} * outputs[i];
      }
      for (std::size_t i = 0; i < size; ++i) sum += double{d_h[i]} * final_h[i] + double{d_c[i]} * final_c[i];
      return sum;
    };
    loss();
    engine->set_final_state_gradients(d_h, d_c);
    engine->set_logit_gradients(d_outputs);
    engine->backward();
    std::vector<float> d_initial_h(size), d_initial_c(size);
    engine->read_initial_state_gradients(d_initial_h, d_initial_c);
    constexpr float kStep = 1e-2f;  // outputs are read as floats
    for (const auto& [states, gradients] : {std::pair{&h, &d_initial_h}, {&c, &d_initial_c}}) {
      expect_slopes(*states, *gradients, kStep, 3e-4, loss,
                    fmt::format("{} directions, {}", directions, states == &h ? "h" : "c"));
    }
  }
}

// A head of ones on the diagonal is none.
TEST(Reference, WithoutAHeadHasTheGradientsOfOneThatChangesNothing) {
  const Network network{
      .inputs = 2, .units = 3, .layers = 2, .directions = 2, .classes = 6, .loss = Loss::custom};
  RandomProblem with_head(network, {3, 6, 1}, 2);
  const RandomProblem without = with_head.without_head();
  std::fill(with_head.parameters.begin() + static_cast<std::ptrdiff_t>(without.parameters.size()),
            with_head.parameters.end(), 0.0f);
  for (std::size_t k = 0; k < 6; ++k) with_head.parameters[without.parameters.size() + 7 * k] = 1;
  const auto gradients = [&](const RandomProblem& problem) {
    const auto engine = reference_for(problem);
    engine->load(problem.batch());
    engine->forward();
    engine->set_logit_gradients(testing::random_logit_gradients(without));
    engine->backward();
    std::vector<double> result = testing::gradients_of(*engine);
    result.resize(without.parameters.size());
    return result;
  };
  const std::vector<double> expected = gradients(with_head), got = gradients(without);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-12) << "element " << i;
}

// Cross-entropy of the last step, computed here from the logits, under a custom loss that reads all steps.
TEST(Reference, AGradientOfLogitsHasTheGradientsOfItsLoss) {
  RandomProblem problem({.inputs = 2, .units = 3, .layers = 2, .directions = 2, .classes = 4}, {3, 6, 1}, 2);
  problem.lengths = {6, 3, 4};
  const testing::StepResult expected = testing::reference_result(problem);

  const RandomProblem custom = problem.with_custom_loss();
  const auto engine = reference_for(custom, 2);
  const Batch batch = custom.batch();
  engine->load(batch);
  engine->forward();
  constexpr std::size_t V = 4;
  std::vector<float> logits(logits_size(custom.network, batch)), gradients(logits.size());
  ASSERT_EQ(logits.size(), 3 * 6 * V);
  engine->read_logits(logits);
  double loss = 0;
  for (std::size_t n = 0; n < 3; ++n) {
    const std::size_t last = (n * 6 + static_cast<std::size_t>(batch.lengths[n]) - 1) * V;
    double sum = 0;
    for (std::size_t k = 0; k < V; ++k) sum += std::exp(double{logits[last + k]});
    const auto label = static_cast<std::size_t>(problem.labels[n]);
    loss -= std::log(std::exp(double{logits[last + label]}) / sum) / 3;
    for (std::size_t k = 0; k < V; ++k) {
      gradients[last + k] = static_cast<float>((std::exp(double{logits[last + k]}) / sum - (k == label)) / 3);
    }
  }
  engine->set_logit_gradients(gradients);
  engine->backward();
  const auto exact = engine->gradients_fp64();
  testing::expect_close({loss, {exact.begin(), exact.end()}}, expected, engine->layout(), 1e-6, "by hand");
}

TEST(Reference, DoesNotDependOnThreadsBeyondRounding) {
  const RandomProblem problem({.inputs = 4, .units = 9, .layers = 2, .directions = 2, .classes = 5},
                              {7, 9, 1}, 1);
  const auto one = reference_for(problem), three = reference_for(problem, 3);
  testing::expect_close(testing::loss_and_gradients(*three, problem.batch()),
                        testing::loss_and_gradients(*one, problem.batch()), one->layout(), 1e-14,
                        "3 threads");
}

// A parameter moves by about the learning rate in the first step of Adam. Far less than a float near 1 can
// show still counts in the second step, unless the caller writes that parameter.
TEST(Reference, KeepsDigitsThatFloatsDoNotShow) {
  const RandomProblem problem({.inputs = 2, .units = 2, .classes = 3}, {2, 3, 1}, 1);
  EngineOptions options;
  options.dtype = DType::fp64;
  auto engine = make_engine("reference", problem.network, problem.shape, options, {.learning_rate = 1e-10});
  std::fill(engine->parameters().begin(), engine->parameters().end(), 0.5f);
  const double before = testing::loss_and_gradients(*engine, problem.batch()).loss;
  engine->update();
  EXPECT_EQ(engine->parameters()[0], 0.5f);
  const double after = loss_of(*engine, problem.batch());
  EXPECT_LT(after, before);
  for (float& parameter : engine->parameters()) parameter = 0.25f;
  loss_of(*engine, problem.batch());
  for (float& parameter : engine->parameters()) parameter = 0.5f;
  EXPECT_EQ(loss_of(*engine, problem.batch()), before);
}

TEST(Reference, OffersWhatBelongsToTraining) {
  const testing::RandomProblem problem({.inputs = 4, .units = 7, .classes = 3}, {3, 4, 1}, 5);
  const EngineOptions options{.dtype = DType::fp64};
  testing::expect_started_loss(*testing::engine_for(problem, "reference", options), problem);
  testing::expect_written_gradients(*testing::engine_for(problem, "reference", options), problem);
  testing::expect_clipped_gradients(*testing::engine_for(problem, "reference", options), problem);
  testing::expect_learning_rate(*testing::engine_for(problem, "reference", options), problem);
  testing::expect_resumed_training(*testing::engine_for(problem, "reference", options),
                                   *testing::engine_for(problem, "reference", options), problem, 1e-5);
}

TEST(Reference, ComputesInFp64Only) {
  const RandomProblem problem(1);
  EXPECT_THROW(testing::engine_for(problem, "reference", {}), std::invalid_argument);
}

}  // namespace
}  // namespace lstm
