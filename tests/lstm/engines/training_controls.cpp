#include "lstm/engines/training_controls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "rows_in_order.h"

namespace lstm::testing {
namespace {

std::vector<float> logits_of(Engine& engine, const Batch& batch) {
  std::vector<float> logits(logits_size(engine.network(), batch), std::numeric_limits<float>::quiet_NaN());
  engine.load(batch);
  engine.forward();
  engine.read_logits(logits);
  return logits;
}

double norm_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  return std::sqrt(sum);
}

std::vector<float> copy_of(std::span<const float> values) {
  return {values.begin(), values.end()};
}

}  // namespace

void expect_started_loss(Engine& engine, const RandomProblem& problem, double tolerance) {
  const Batch batch = problem.batch();
  engine.load(batch);
  EXPECT_THROW(engine.start_loss(), std::invalid_argument) << "before forward";
  EXPECT_THROW(engine.loss(), std::invalid_argument) << "before forward";
  const StepResult expected = loss_and_gradients(engine, batch);
  EXPECT_THROW(engine.start_loss(), std::invalid_argument) << "after backward";
  for (int step = 0; step < 3; ++step) {  // a GPU records the second one
    engine.load(batch);
    engine.forward();
    EXPECT_THROW(engine.backward(), std::invalid_argument) << "the loss of the step before";
    engine.start_loss();
    if (step == 1) engine.start_loss();  // once is enough
    engine.backward();
    EXPECT_THROW(engine.backward(), std::invalid_argument) << "a second time";
    const double loss = engine.loss();
    EXPECT_EQ(engine.loss(), loss) << problem.text() << ": asked again";
    expect_close({loss, gradients_of(engine)}, expected, engine.layout(), tolerance, problem.text());
  }
}

void expect_logits(Engine& engine, const RandomProblem& problem, double tolerance) {
  const Batch batch = problem.batch();
  const auto reference = testing::engine_for(problem, "reference", {.dtype = DType::fp64});
  const std::vector<float> expected = logits_of(*reference, batch), got = logits_of(engine, batch);
  const auto V = static_cast<std::size_t>(problem.network.logits());
  const bool reads_every_step = problem.network.reads_every_step();
  ASSERT_EQ(expected.size(),
            V * static_cast<std::size_t>(batch.samples * (reads_every_step ? batch.time_steps : 1)));
  double largest = 0;
  for (const float logit : expected) largest = std::max(largest, std::abs(double{logit}));
  EXPECT_GT(largest, 0) << problem.text();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], tolerance * largest) << problem.text() << ", element " << i;
  }
  if (reads_every_step) {
    const auto& read = problem.network.loss == Loss::ctc ? batch.loss_lengths : batch.lengths;
    for (int n = 0; n < batch.samples; ++n) {
      for (int t = read[n]; t < batch.time_steps; ++t) {
        for (std::size_t k = 0; k < V; ++k) {
          ASSERT_EQ(got[static_cast<std::size_t>(n * batch.time_steps + t) * V + k], 0) << problem.text();
        }
      }
    }
  }
  if (problem.network.loss != Loss::custom) engine.loss();
  std::vector<float> again(got.size());
  engine.read_logits(again);
  EXPECT_EQ(again, got) << problem.text() << ": the loss changed them";
  again.push_back(0);
  EXPECT_THROW(engine.read_logits(again), std::invalid_argument);
}

std::vector<float> random_logit_gradients(const RandomProblem& problem) {
  const Batch batch = problem.batch();
  const auto V = static_cast<std::size_t>(problem.network.logits());
  std::mt19937 random(problem.seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> gradients(logits_size(problem.network, batch));
  for (float& gradient : gradients) gradient = uniform(random);
  for (int n = 0; n < batch.samples && problem.network.reads_every_step(); ++n) {
    const int steps = problem.network.loss == Loss::ctc ? batch.loss_lengths[n] : batch.lengths[n];
    const auto sample = gradients.begin() + static_cast<std::ptrdiff_t>(V) * n * batch.time_steps;
    std::fill(sample + static_cast<std::ptrdiff_t>(V) * steps,
              sample + static_cast<std::ptrdiff_t>(V) * batch.time_steps,
              std::numeric_limits<float>::quiet_NaN());
  }
  return gradients;
}

void expect_logit_gradients(Engine& engine, const RandomProblem& problem, double tolerance) {
  const Batch batch = problem.batch();
  std::vector<float> gradients = random_logit_gradients(problem);
  const bool has_loss = problem.network.loss != Loss::custom;
  const auto result = [&](Engine& of, bool asks_before) {
    of.load(batch);
    of.forward();
    if (!has_loss) {
      EXPECT_THROW(of.loss(), std::logic_error);
      EXPECT_THROW(of.start_loss(), std::logic_error);
    }
    if (has_loss && asks_before) of.loss();  // whose gradients are replaced
    of.set_logit_gradients(gradients);
    if (has_loss) of.start_loss();
    const double loss = has_loss ? of.loss() : 0;
    of.backward();
    EXPECT_THROW(of.set_logit_gradients(gradients), std::invalid_argument) << "after backward";
    const std::span<const float> sums = of.gradients();
    return StepResult{loss, {sums.begin(), sums.end()}};
  };
  const auto reference = testing::engine_for(problem, "reference", {.dtype = DType::fp64});
  const StepResult expected = result(*reference, true);
  for (const bool asks_before : {false, true}) {
    expect_close(result(engine, asks_before), expected, engine.layout(), tolerance, problem.text());
  }
  engine.load(batch);
  engine.forward();
  gradients.push_back(0);
  EXPECT_THROW(engine.set_logit_gradients(gradients), std::invalid_argument);
}

void expect_input_gradients(Engine& engine, const RandomProblem& problem, double tolerance) {
  const Batch batch = problem.batch();
  const auto reference =
      testing::engine_for(problem, "reference", {.dtype = DType::fp64, .input_gradients = true});
  // NaN: each is to be written.
  std::vector<float> expected(batch.x.size(), std::numeric_limits<float>::quiet_NaN()), got = expected;
  for (const auto& [of, gradients] : {std::pair{reference.get(), &expected}, {&engine, &got}}) {
    of->load(batch);
    of->forward();
    EXPECT_THROW(of->read_input_gradients(*gradients), std::invalid_argument) << "before backward";
    if (problem.network.loss == Loss::custom) {
      of->set_logit_gradients(random_logit_gradients(problem));
    } else {
      of->loss();
    }
    of->backward();
    of->read_input_gradients(*gradients);
  }
  double norm = 0, distance = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    norm += double{expected[i]} * expected[i];
    distance += (double{got[i]} - expected[i]) * (double{got[i]} - expected[i]);
  }
  EXPECT_LE(std::sqrt(distance), tolerance * std::sqrt(norm))
      << problem.text() << ", " << engine.description() << ": gradient of x of norm " << std::sqrt(norm);
  const auto C = static_cast<std::size_t>(problem.network.inputs);
  for (int n = 0; n < batch.samples; ++n) {
    for (int t = batch.lengths[n]; t < batch.time_steps; ++t) {
      for (std::size_t k = 0; k < C; ++k) {
        ASSERT_EQ(got[static_cast<std::size_t>(n * batch.time_steps + t) * C + k], 0) << problem.text();
      }
    }
  }
  got.pop_back();
  EXPECT_THROW(engine.read_input_gradients(got), std::invalid_argument);
}

namespace {

struct OrderedStep {
  std::vector<float> logits, gradients, dx;
};

OrderedStep step_in_order(Engine& engine, const RandomProblem& problem, RowOrder order,
                          bool has_input_gradients) {
  constexpr float kUnwritten = std::numeric_limits<float>::quiet_NaN();
  const Batch by_sample = problem.batch();
  Batch batch = by_sample;
  const auto V = static_cast<std::size_t>(problem.network.logits());
  const std::vector<float> x =
      rows_in_order(order, by_sample, static_cast<std::size_t>(problem.network.inputs), problem.x);
  std::vector<float> d_logits = random_logit_gradients(problem);
  if (problem.network.reads_every_step()) d_logits = rows_in_order(order, by_sample, V, d_logits);
  batch.x = x;
  batch.order = order;
  EXPECT_EQ(logits_size(problem.network, batch), d_logits.size());
  OrderedStep step;
  step.logits.assign(d_logits.size(), kUnwritten);
  step.dx.assign(has_input_gradients ? x.size() : 0, kUnwritten);
  engine.load(batch);
  engine.forward();
  engine.read_logits(step.logits);
  engine.set_logit_gradients(d_logits);
  engine.backward();
  step.gradients = copy_of(engine.gradients());
  if (has_input_gradients) engine.read_input_gradients(step.dx);
  return step;
}

void expect_row_order(Engine& engine, const RandomProblem& problem, RowOrder order,
                      bool has_input_gradients) {
  const Batch by_sample = problem.batch();
  const auto step = [&](RowOrder one) { return step_in_order(engine, problem, one, has_input_gradients); };
  OrderedStep expected = step(RowOrder::by_sample);
  if (problem.network.reads_every_step()) {
    expected.logits =
        rows_in_order(order, by_sample, static_cast<std::size_t>(problem.network.logits()), expected.logits);
  }
  if (has_input_gradients) {
    expected.dx =
        rows_in_order(order, by_sample, static_cast<std::size_t>(problem.network.inputs), expected.dx);
  }
  const OrderedStep got = step(order);
  const std::string what = problem.text() + (order == RowOrder::packed ? ", packed" : ", by step");
  EXPECT_EQ(got.logits, expected.logits) << what;
  EXPECT_EQ(got.gradients, expected.gradients) << what;
  EXPECT_EQ(got.dx, expected.dx) << what;
}

}  // namespace

void expect_row_orders(Engine& engine, const RandomProblem& problem, bool has_input_gradients) {
  const RandomProblem spoilt = problem.with_spoilt_padding();
  expect_row_order(engine, spoilt, RowOrder::by_step, has_input_gradients);
  expect_row_order(engine, problem.with_descending_lengths().with_spoilt_padding(), RowOrder::packed,
                   has_input_gradients);
  Batch batch = problem.batch();
  batch.order = RowOrder::packed;
  if (row_count(batch) < row_count(problem.batch())) {
    EXPECT_THROW(engine.load(batch), std::invalid_argument) << "x has the rows of padding, too";
  }
}

void expect_written_gradients(Engine& engine, const RandomProblem& problem) {
  std::mt19937 random(problem.seed);
  std::uniform_real_distribution<float> uniform(0.5, 1);
  std::vector<float> written(engine.layout().size());
  for (float& gradient : written) gradient = uniform(random);
  loss_and_gradients(engine, problem.batch());
  const std::vector<float> start = copy_of(engine.parameters());
  engine.set_gradients(written);
  EXPECT_EQ(copy_of(engine.gradients()), written) << problem.text();
  const double norm = norm_of(written);
  EXPECT_NEAR(engine.clip_gradients(0.5 * norm), norm, 1e-6 * norm) << problem.text();
  EXPECT_NEAR(engine.gradients()[0], 0.5 * written[0], 1e-6);
  engine.set_gradients(written);
  engine.update();
  const std::vector<float> moments = engine.adam_state().first_moments;
  const std::span<const float> updated = engine.parameters();
  for (std::size_t i = 0; i < written.size(); ++i) {
    ASSERT_NEAR(moments[i], 0.1 * written[i], 1e-6) << problem.text() << ", element " << i;
    ASSERT_LT(updated[i], start[i]) << problem.text() << ", element " << i;
  }
  loss_and_gradients(engine, problem.batch());
  EXPECT_NE(copy_of(engine.gradients()), written) << problem.text() << ": of another step";
  written.pop_back();
  EXPECT_THROW(engine.set_gradients(written), std::invalid_argument);
}

void expect_clipped_gradients(Engine& engine, const RandomProblem& problem) {
  loss_and_gradients(engine, problem.batch());
  const std::vector<float> before = copy_of(engine.gradients());
  const double norm = norm_of(before);
  ASSERT_GT(norm, 0) << problem.text();

  EXPECT_NEAR(engine.clip_gradients(1.01 * norm), norm, 1e-7 * norm);
  EXPECT_EQ(copy_of(engine.gradients()), before) << problem.text() << ": nothing exceeds the norm";

  EXPECT_NEAR(engine.clip_gradients(0.25 * norm), norm, 1e-7 * norm);
  const std::vector<float> clipped = copy_of(engine.gradients());
  EXPECT_NEAR(norm_of(clipped), 0.25 * norm, 1e-6 * norm);
  for (std::size_t i = 0; i < before.size(); ++i) {
    ASSERT_NEAR(clipped[i], 0.25 * before[i], 1e-6 * std::abs(before[i]) + 1e-37) << problem.text();
  }
  EXPECT_NEAR(engine.clip_gradients(norm), 0.25 * norm, 1e-6 * norm);

  EXPECT_THROW(engine.clip_gradients(0), std::invalid_argument);
  EXPECT_THROW(engine.clip_gradients(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);

  RandomProblem poisoned = problem;
  poisoned.x[0] = std::numeric_limits<float>::quiet_NaN();
  loss_and_gradients(engine, poisoned.batch());
  const auto is_zero = [](float gradient) { return gradient == 0; };
  const auto zeros = std::ranges::count_if(engine.gradients(), is_zero);
  EXPECT_TRUE(std::isnan(engine.clip_gradients(1e-3))) << problem.text();
  EXPECT_EQ(std::ranges::count_if(engine.gradients(), is_zero), zeros);
}

void expect_learning_rate(Engine& engine, const RandomProblem& problem) {
  const std::vector<float> start = copy_of(engine.parameters());
  engine.set_learning_rate(0);
  loss_and_gradients(engine, problem.batch());
  engine.update();
  EXPECT_EQ(copy_of(engine.parameters()), start) << problem.text();

  // Adam's moments are those of one gradient again and again: each step has the size of the learning rate.
  engine.set_learning_rate(0.125);
  loss_and_gradients(engine, problem.batch());
  engine.update();
  const std::span<const float> gradients = engine.gradients();
  const std::vector<float> updated = copy_of(engine.parameters());
  for (std::size_t i = 0; i < start.size(); ++i) {
    if (std::abs(gradients[i]) < 1e-4f) continue;  // epsilon counts there
    ASSERT_NEAR(std::abs(updated[i] - start[i]), 0.125, 1e-3) << problem.text() << ", element " << i;
  }
}

void expect_resumed_training(Engine& engine, Engine& other, const RandomProblem& problem, double tolerance) {
  const auto train = [&](Engine& trained, int steps) {
    for (int step = 0; step < steps; ++step) {
      loss_and_gradients(trained, problem.batch());
      trained.update();
    }
  };
  train(engine, 3);
  train(other, 5);  // what it forgets
  const std::vector<float> saved = copy_of(engine.parameters());
  const AdamState state = engine.adam_state();
  EXPECT_EQ(state.updates, 3);
  train(engine, 4);

  std::ranges::copy(saved, other.parameters().begin());
  other.set_adam_state(state);
  EXPECT_EQ(other.adam_state().first_moments, state.first_moments);
  EXPECT_EQ(other.adam_state().second_moments, state.second_moments);
  train(other, 4);
  const std::vector<float> expected = copy_of(engine.parameters()), got = copy_of(other.parameters());
  EXPECT_NE(expected, saved);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], tolerance) << problem.text() << ", element " << i;
  }

  AdamState wrong = state;
  wrong.second_moments.pop_back();
  EXPECT_THROW(other.set_adam_state(wrong), std::invalid_argument);
  wrong = state;
  wrong.updates = -1;
  EXPECT_THROW(other.set_adam_state(wrong), std::invalid_argument);
}

}  // namespace lstm::testing
