// Learns to read symbols from noisy sequences of different lengths with CTC, then reads new ones: clipped
// gradients, a falling learning rate, and the best path through the logits.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "lstm/engine.h"

namespace {

constexpr int kSamples = 32, kSteps = 40, kChannels = 8, kClasses = 6;  // class 0 is CTC's blank

// Each symbol is one raised channel for 2 to 4 steps, and then nothing for one or two.
struct Data {
  std::vector<float> x = std::vector<float>(kSamples * kSteps * kChannels);  // (N, T, C)
  std::vector<std::int32_t> lengths, labels, label_lengths;

  explicit Data(std::mt19937& random) {
    std::normal_distribution<float> noise(0.0f, 0.3f);
    for (float& value : x) value = noise(random);
    for (int n = 0; n < kSamples; ++n) {
      const int symbols = 2 + static_cast<int>(random() % 5);
      int t = 0;
      for (int i = 0; i < symbols; ++i) {
        const int symbol = 1 + static_cast<int>(random() % (kClasses - 1));
        labels.push_back(symbol);
        for (const int end = t + 2 + static_cast<int>(random() % 3); t < end; ++t) {
          x[static_cast<std::size_t>((n * kSteps + t) * kChannels + symbol)] += 1.0f;
        }
        t += 1 + static_cast<int>(random() % 2);
      }
      lengths.push_back(t);
      label_lengths.push_back(symbols);
    }
  }

  lstm::Batch batch() const {
    return {.samples = kSamples,
            .time_steps = kSteps,
            .x = x,
            .lengths = lengths,
            .loss_lengths = lengths,
            .labels = labels,
            .label_lengths = label_lengths};
  }
};

// The likeliest class of each step, without repeats and blanks.
std::vector<std::int32_t> best_path(const float* logits, int steps) {  // (steps, V)
  std::vector<std::int32_t> labels;
  std::int32_t before = 0;
  for (int t = 0; t < steps; ++t, logits += kClasses) {
    const auto likeliest = static_cast<std::int32_t>(std::max_element(logits, logits + kClasses) - logits);
    if (likeliest != 0 && likeliest != before) labels.push_back(likeliest);
    before = likeliest;
  }
  return labels;
}

}  // namespace

int main() {
  const lstm::Network network{
      .inputs = kChannels, .units = 48, .directions = 2, .classes = kClasses, .loss = lstm::Loss::ctc};
  const lstm::BatchShape shape{.samples = kSamples, .time_steps = kSteps, .max_labels = 6};
  const auto engine = lstm::make_engine("sequence", network, shape, {.threads = 2}, {.learning_rate = 0.01});
  lstm::initialise(network, 1, engine->parameters());

  std::mt19937 random(1);
  for (int step = 0; step <= 300; ++step) {
    const Data data(random);
    engine->set_learning_rate(step < 200 ? 0.01 : 0.002);
    engine->load(data.batch());
    engine->forward();
    const double loss = engine->loss() / kSamples;
    engine->backward();
    const double norm = engine->clip_gradients(20.0);
    engine->update();
    if (step % 50 == 0) std::printf("step %3d: loss %.4f, norm of the gradients %.1f\n", step, loss, norm);
  }

  const Data unseen(random);
  std::vector<float> logits(lstm::logits_size(network, unseen.batch()));  // (N, T, V)
  engine->load(unseen.batch());
  engine->forward();
  engine->read_logits(logits);
  int right = 0;
  auto label = unseen.labels.begin();
  for (std::size_t n = 0; n < kSamples; ++n) {
    const auto read = best_path(logits.data() + n * kSteps * kClasses, unseen.lengths[n]);
    const auto next = label + unseen.label_lengths[n];
    right += std::equal(label, next, read.begin(), read.end()) ? 1 : 0;
    label = next;
  }
  std::printf("%d of %d new sequences read without a mistake\n", right, kSamples);
}
