// Trains a few steps with what the installed headers offer.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "lstm/batch.h"
#include "lstm/c.h"
#include "lstm/cpu.h"
#include "lstm/cuda.h"
#include "lstm/engine.h"
#include "lstm/network.h"
#include "lstm/parameters.h"
#include "lstm/peak.h"

int main() {
  const lstm::Network network{.inputs = 3, .units = 20, .classes = 2};
  const auto engine = lstm::make_engine("sequence", network, {.samples = 4, .time_steps = 5}, {.threads = 2});
  lstm::initialise(network, 1, engine->parameters());
  std::vector<float> x(4 * 5 * 3);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 3.0f;
  const std::vector<std::int32_t> lengths(4, 5), labels{0, 1, 1, 0};
  std::vector<double> losses;
  for (int step = 0; step < 50; ++step) {
    engine->load({.samples = 4, .time_steps = 5, .x = x, .lengths = lengths, .labels = labels});
    engine->forward();
    losses.push_back(engine->loss());
    engine->backward();
    engine->update();
  }
  std::puts(losses.back() < losses.front() ? "the loss fell" : "the loss did not fall");
}
