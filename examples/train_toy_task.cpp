// Trains a small network to remember the first symbol of a sequence to its end, and prints the falling loss.
#include <cstdio>
#include <random>
#include <vector>

#include "lstm/engine.h"

int main() {
  constexpr int kSamples = 64, kSteps = 8, kSymbols = 4;
  const lstm::Network network{.inputs = kSymbols, .units = 32, .classes = kSymbols};
  const lstm::BatchShape shape{.samples = kSamples, .time_steps = kSteps};
  auto engine = lstm::make_engine("sequence", network, shape, {.threads = 2}, {.learning_rate = 0.01});
  lstm::initialise(network, 1, engine->parameters());

  std::mt19937 random(1);
  const std::vector<std::int32_t> lengths(kSamples, kSteps);
  for (int step = 0; step <= 300; ++step) {
    std::vector<float> x(kSamples * kSteps * kSymbols, 0.0f);  // (N, T, C), one of C is 1
    std::vector<std::int32_t> labels;
    for (int n = 0; n < kSamples; ++n) {
      for (int t = 0; t < kSteps; ++t) {
        const auto symbol = static_cast<int>(random() % kSymbols);
        x[(n * kSteps + t) * kSymbols + symbol] = 1.0f;
        if (t == 0) labels.push_back(symbol);
      }
    }
    engine->load({kSamples, kSteps, x, lengths, {}, labels, {}});
    engine->forward();
    const double loss = engine->loss();
    engine->backward();
    engine->update();
    if (step % 30 == 0) std::printf("step %3d: loss %.4f\n", step, loss);
  }
}
