// Trains a network to forecast the next value of many series at every time step, under a loss that is
// computed here: the mean squared error. Halfway it hands training over to a second engine, as a program does
// that saves and goes on later.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "lstm/engine.h"

namespace {

constexpr int kSeries = 32, kSteps = 60, kUpdates = 400;

// (kSeries, kSteps + 1): waves of different lengths and phases.
std::vector<float> draw_series(std::mt19937& random) {
  std::uniform_real_distribution<float> uniform(0, 1);
  std::vector<float> values;
  for (int n = 0; n < kSeries; ++n) {
    const float frequency = 0.2f + 0.4f * uniform(random), phase = 6.3f * uniform(random);
    for (int t = 0; t <= kSteps; ++t) values.push_back(std::sin(frequency * static_cast<float>(t) + phase));
  }
  return values;
}

// One step of training. Returns the root of the mean squared error of all forecasts.
double train(lstm::Engine& engine, std::mt19937& random) {
  const std::vector<float> series = draw_series(random);
  const std::vector<std::int32_t> lengths(kSeries, kSteps);
  std::vector<float> x(kSeries * kSteps), forecasts(x.size()), gradients(x.size());
  const auto value = [&](int n, int t) { return series[static_cast<std::size_t>(n * (kSteps + 1) + t)]; };
  for (int i = 0; i < kSeries * kSteps; ++i) x[static_cast<std::size_t>(i)] = value(i / kSteps, i % kSteps);

  engine.load({.samples = kSeries, .time_steps = kSteps, .x = x, .lengths = lengths});
  engine.forward();
  engine.read_logits(forecasts);  // (N, T, 1)
  double sum = 0;
  for (int i = 0; i < kSeries * kSteps; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const float error = forecasts[at] - value(i / kSteps, i % kSteps + 1);
    sum += double{error} * error;
    gradients[at] = 2 * error / static_cast<float>(x.size());
  }
  engine.set_logit_gradients(gradients);
  engine.backward();
  engine.clip_gradients(1.0);
  engine.update();
  return std::sqrt(sum / static_cast<double>(x.size()));
}

}  // namespace

int main() {
  const lstm::Network network{.inputs = 1, .units = 32, .classes = 1, .loss = lstm::Loss::custom};
  const lstm::BatchShape shape{.samples = kSeries, .time_steps = kSteps};
  const auto make = [&] {
    return lstm::make_engine("sequence", network, shape, {}, {.learning_rate = 0.01});
  };
  auto engine = make();
  lstm::initialise(network, 1, engine->parameters());

  std::mt19937 random(1);
  for (int step = 1; step <= kUpdates; ++step) {
    const double error = train(*engine, random);
    if (step % 50 == 0) std::printf("update %d: error %.3f\n", step, error);
    if (step == kUpdates / 2) {  // parameters and Adam's state are all there is to save
      auto next = make();
      std::ranges::copy(engine->parameters(), next->parameters().begin());
      next->set_adam_state(engine->adam_state());
      engine = std::move(next);
    }
  }
}
