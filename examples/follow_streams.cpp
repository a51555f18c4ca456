// Trains on streams that never end, a window at a time: the network starts each window in the state that it
// ended the one before in (truncated backpropagation through time). Its inputs are embeddings of symbols,
// which are trained, too, by the gradients of the inputs.
//
// A symbol moves a marker on a ring of five places: a step on, a step back, not at all, or now and then to
// the first place. The network is to say at each time step where the marker is, which most windows do not
// tell by themselves.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "lstm/engine.h"

namespace {

constexpr int kStreams = 64, kSteps = 16, kWindows = 600;
constexpr int kSymbols = 4, kWidth = 8, kUnits = 48, kPlaces = 5;
constexpr float kEmbeddingRate = 1.0f;  // of plain gradient descent

struct Window {
  std::vector<int> symbols, places;  // (kStreams, kSteps)
};

// The marker of each stream goes on from where it is.
Window next_window(std::array<int, kStreams>& markers, std::mt19937& random) {
  Window window;
  for (int& marker : markers) {
    for (int t = 0; t < kSteps; ++t) {
      const int symbol = random() % 20 == 0 ? 3 : static_cast<int>(random() % 3);
      marker = symbol == 3 ? 0 : (marker + symbol + kPlaces - 1) % kPlaces;  // 0: back, 1: stay, 2: on
      window.symbols.push_back(symbol);
      window.places.push_back(marker);
    }
  }
  return window;
}

// Replaces logits (rows, kPlaces) by gradients of their mean cross-entropy; returns how many rows' largest
// logit is another place than the true one.
int differentiate(std::vector<float>& logits, const std::vector<int>& places) {
  int mistakes = 0;
  for (std::size_t row = 0; row < places.size(); ++row) {
    float* const own = &logits[row * kPlaces];
    const auto place = static_cast<std::size_t>(places[row]);
    std::array<float, kPlaces> exponentials{};
    float sum = 0;
    std::size_t best = 0;
    for (std::size_t k = 0; k < kPlaces; ++k) {
      if (own[k] > own[best]) best = k;
      sum += exponentials[k] = std::exp(own[k]);
    }
    mistakes += best != place;
    for (std::size_t k = 0; k < kPlaces; ++k)
      own[k] = (exponentials[k] / sum - (k == place ? 1.0f : 0.0f)) / static_cast<float>(places.size());
  }
  return mistakes;
}

}  // namespace

int main() {
  const lstm::Network network{
      .inputs = kWidth, .units = kUnits, .classes = kPlaces, .loss = lstm::Loss::custom};
  const auto engine = lstm::make_engine("sequence", network, {.samples = kStreams, .time_steps = kSteps},
                                        {.input_gradients = true}, {.learning_rate = 0.01});
  lstm::initialise(network, 1, engine->parameters());

  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.5f);
  std::vector<float> embeddings(kSymbols * kWidth);
  for (float& value : embeddings) value = normal(random);

  std::array<int, kStreams> markers{};
  std::vector<float> x(kStreams * kSteps * kWidth), dx(x.size());
  std::vector<float> logits(kStreams * kSteps * kPlaces);
  std::vector<float> h(kStreams * kUnits),
      c(h.size());  // (1, kStreams, kUnits): zero at the streams' beginning
  const std::vector<std::int32_t> lengths(kStreams, kSteps);
  int mistakes = 0;
  for (int window = 1; window <= kWindows; ++window) {
    const auto [symbols, places] = next_window(markers, random);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = embeddings[static_cast<std::size_t>(symbols[i / kWidth]) * kWidth + i % kWidth];

    engine->load({.samples = kStreams,
                  .time_steps = kSteps,
                  .x = x,
                  .lengths = lengths,
                  .initial_h = h,
                  .initial_c = c});
    engine->forward();
    engine->read_logits(logits);
    mistakes += differentiate(logits, places);
    engine->set_logit_gradients(logits);
    engine->backward();
    engine->read_input_gradients(dx);
    for (std::size_t i = 0; i < dx.size(); ++i)
      embeddings[static_cast<std::size_t>(symbols[i / kWidth]) * kWidth + i % kWidth] -=
          kEmbeddingRate * dx[i];
    engine->clip_gradients(1.0);
    engine->update();
    engine->read_final_states(h, c);  // for the next window

    if (window % 100 != 0) continue;
    std::printf("window %d: %.1f %% wrong\n", window, 100.0 * mistakes / (100 * kStreams * kSteps));
    mistakes = 0;
  }
}
