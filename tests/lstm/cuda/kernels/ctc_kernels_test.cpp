// The CTC kernels on the emulated device, against the float64 reference.
#include "lstm/cuda/emulation/emulation.h"
// The emulation first: it defines what kernels are made of.
#include "cuda/kernels/ctc_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "lstm/cuda/packed_example.h"
#include "reference/ctc.h"

namespace lstm::cuda {
namespace {

using testing::PackedExample;
using testing::emulation::Order;
using testing::emulation::run;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Result {
  std::vector<double> losses;   // by place
  std::vector<float> d_logits;  // packed rows
};

// As ctc() in kernels/loss.cu launches them.
Result run_kernels(const PackedExample& example, const std::vector<float>& logits, unsigned recursion_threads,
                   Order order) {
  const int V = example.network.classes, N = example.shape.samples, loss_steps = example.loss_steps();
  const int rows = example.packed.row(loss_steps);
  Result result{std::vector<double>(static_cast<std::size_t>(N)),
                std::vector<float>(static_cast<std::size_t>(rows * V), -7.0f)};
  const std::size_t states = static_cast<std::size_t>(N * loss_steps * (2 * example.shape.max_labels + 1));
  std::vector<Parts> probabilities(static_cast<std::size_t>(rows * V)), alpha(states), beta(states),
      totals(static_cast<std::size_t>(N));
  const CtcProblem problem{.rows = example.rows(),
                           .samples = N,
                           .loss_steps = loss_steps,
                           .classes = V,
                           .max_labels = example.shape.max_labels,
                           .loss_lengths = example.loss_lengths.data(),
                           .labels = example.labels.data(),
                           .label_starts = example.label_starts.data(),
                           .logits = logits.data(),
                           .d_logits = result.d_logits.data(),
                           .losses = result.losses.data(),
                           .probabilities = probabilities.data(),
                           .alpha = alpha.data(),
                           .beta = beta.data(),
                           .totals = totals.data()};
  const auto steps = static_cast<unsigned>(loss_steps);
  run({steps}, {kCtcWarps * kWarpSize}, 0, order, [&] { ctc_probabilities_kernel(problem); });
  run({static_cast<unsigned>(N), 2}, {recursion_threads}, 0, order, [&] { ctc_recursion_kernel(problem); });
  run({static_cast<unsigned>(N), (steps + kCtcGradientSteps - 1) / kCtcGradientSteps},
      {kCtcWarps * kWarpSize}, 0, order, [&] { ctc_gradient_kernel(problem); });
  return result;
}

// Of each place alone, by the reference.
void expect_reference(const PackedExample& example, const std::vector<float>& logits, const Result& got,
                      const std::string& what) {
  const int V = example.network.classes;
  for (int place = 0; place < example.shape.samples; ++place) {
    const int steps = example.loss_lengths[static_cast<std::size_t>(place)];
    std::vector<double> own, d(static_cast<std::size_t>(steps * V));
    for (int t = 0; t < steps; ++t) {
      for (int k = 0; k < V; ++k)
        own.push_back(logits[static_cast<std::size_t>((example.packed.row(t) + place) * V + k)]);
    }
    reference::CtcScratch scratch(steps, V, example.shape.max_labels);
    const double loss = reference::ctc(steps, V, own, example.packed.labels(place), scratch, d);
    const double got_loss = got.losses[static_cast<std::size_t>(place)];
    if (std::isfinite(loss)) {
      EXPECT_NEAR(got_loss, loss, 1e-5 * std::max(1.0, loss)) << what << ", place " << place;
    } else {
      EXPECT_EQ(std::isnan(got_loss), std::isnan(loss)) << what << ", place " << place;
      EXPECT_TRUE(std::isnan(loss) || got_loss == loss) << what << ", place " << place;
    }
    for (int t = 0; t < example.loss_steps() && t < example.packed.length(place); ++t) {
      for (int k = 0; k < V; ++k) {
        const double expected = t < steps ? d[static_cast<std::size_t>(t * V + k)] : 0.0;
        const float value = got.d_logits[static_cast<std::size_t>((example.packed.row(t) + place) * V + k)];
        if (std::isnan(expected)) {
          EXPECT_TRUE(std::isnan(value)) << what << ", place " << place << ", t " << t << ", class " << k;
        } else {
          EXPECT_NEAR(value, expected, 2e-5) << what << ", place " << place << ", t " << t << ", class " << k;
        }
      }
    }
  }
}

std::vector<float> random_logits(const PackedExample& example, float size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-size, size);
  std::vector<float> logits(
      static_cast<std::size_t>(example.packed.row(example.loss_steps()) * example.network.classes));
  for (float& logit : logits) logit = uniform(random);
  return logits;
}

TEST(CtcKernels, AgreeWithTheReferenceOnRandomShapes) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const PackedExample example = PackedExample::random(seed, Loss::ctc);
    const std::vector<float> logits = random_logits(example, seed % 3 == 0 ? 30.0f : 3.0f, seed);
    // Fewer threads than labels, too: a thread then has several states.
    const Result got = run_kernels(example, logits, seed % 2 == 0 ? 32 : 64, Order::rising);
    expect_reference(example, logits, got, "seed " + std::to_string(seed));
    const Result other_order = run_kernels(example, logits, seed % 2 == 0 ? 32 : 64, Order::falling);
    EXPECT_EQ(got.losses, other_order.losses) << "seed " << seed << ": depends on the order of threads";
    EXPECT_EQ(got.d_logits, other_order.d_logits) << "seed " << seed << ": depends on the order of threads";
  }
}

TEST(CtcKernels, GiveTheSameBitsWithALaneForEachLabelAndWithFewer) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const PackedExample example = PackedExample::random(seed, Loss::ctc);
    const std::vector<float> logits = random_logits(example, 10.0f, seed);
    const unsigned one_each = static_cast<unsigned>(ctc_recursion_threads(example.shape.max_labels));
    const Result got = run_kernels(example, logits, one_each, Order::rising);
    for (const unsigned threads : {32u, 64u, 256u}) {
      const Result fewer = run_kernels(example, logits, threads, Order::falling);
      EXPECT_EQ(got.losses, fewer.losses) << "seed " << seed << ", " << threads << " threads";
      EXPECT_EQ(got.d_logits, fewer.d_logits) << "seed " << seed << ", " << threads << " threads";
    }
  }
}

// Of up to so many steps, with labels that only just fit among others, repeated or of few classes.
PackedExample long_example(std::uint32_t seed, int most_steps, int most_labels, int classes) {
  std::mt19937 random(seed);
  const auto between = [&](int first, int last) {
    return first + static_cast<int>(random() % static_cast<unsigned>(last - first + 1));
  };
  std::vector<int> lengths, loss_lengths;
  std::vector<std::vector<std::int32_t>> sequences;
  for (int n = 0; n < 3; ++n) {
    lengths.push_back(n == 0 ? most_steps : between(1, most_steps));
    loss_lengths.push_back(n == 0 ? most_steps : between(1, lengths.back()));
    const int most = std::min(loss_lengths.back(), most_labels);
    sequences.emplace_back();
    for (int i = n == 0 ? most : between(0, most); i > 0; --i) {
      const bool repeats = !sequences.back().empty() && between(1, 20) == 1;
      sequences.back().push_back(repeats ? sequences.back().back() : between(1, classes - 1));
    }
  }
  return {{.inputs = 1, .units = 1, .classes = classes, .loss = Loss::ctc}, lengths, loss_lengths, sequences};
}

TEST(CtcKernels, AgreeWithTheReferenceWhereSeveralWarpsShareASample) {
  struct Case {
    int steps, labels, classes;
  };
  constexpr Case cases[] = {{1, 1, 3},    {1, 0, 2},    {2, 1, 5},    {4, 2, 300},   {20, 8, 59},
                            {21, 10, 59}, {60, 31, 59}, {79, 32, 10}, {80, 33, 4},   {101, 63, 59},
                            {81, 64, 9},  {99, 95, 59}, {59, 59, 59}, {140, 100, 3}, {140, 128, 59}};
  std::uint32_t seed = 0;
  for (const auto& [steps, labels, classes] : cases) {
    const PackedExample example = long_example(++seed, steps, labels, classes);
    const std::vector<float> logits = random_logits(example, seed % 3 == 0 ? 30.0f : 3.0f, seed);
    const unsigned threads = static_cast<unsigned>(ctc_recursion_threads(example.shape.max_labels));
    const std::string what = std::to_string(steps) + " steps, " + std::to_string(labels) + " labels";
    const Result got = run_kernels(example, logits, threads, Order::rising);
    expect_reference(example, logits, got, what);
    const Result other_order = run_kernels(example, logits, threads, Order::falling);
    EXPECT_EQ(got.losses, other_order.losses) << what << ": depends on the order of threads";
    EXPECT_EQ(got.d_logits, other_order.d_logits) << what << ": depends on the order of threads";
    const Result through_memory = run_kernels(example, logits, 32, Order::rising);
    EXPECT_EQ(got.losses, through_memory.losses) << what;
    EXPECT_EQ(got.d_logits, through_memory.d_logits) << what;
  }
}

TEST(CtcKernels, TakeTheMostLabelsThatHaveALaneEachAndMore) {
  for (const int labels : {255, 256, 280}) {
    const PackedExample example = long_example(7, labels + 11, labels, 200);
    const std::vector<float> logits = random_logits(example, 3.0f, 7);
    const unsigned threads = static_cast<unsigned>(ctc_recursion_threads(example.shape.max_labels));
    EXPECT_EQ(threads, 256u);
    expect_reference(example, logits, run_kernels(example, logits, threads, Order::falling),
                     std::to_string(labels) + " labels");
  }
}

// 64 samples of 2100 steps and 32000 classes are more than 2^32 probabilities: 34 GB of them.
TEST(CtcKernels, FindRowsBehindFourBillionProbabilities) {
  constexpr std::uint32_t kRow = 64 * 2100 - 1, kRowBytes = 32000 * sizeof(Parts);
  EXPECT_EQ(ctc_row_offset(kRow, kRowBytes), 134399ull * 32000 * 8);
}

TEST(CtcKernels, KeepThousandsOfStepsInRange) {
  const PackedExample example(
      {.inputs = 1, .units = 1, .classes = 12, .loss = Loss::ctc}, {1500, 1490}, {1500, 1400},
      std::vector<std::vector<std::int32_t>>{std::vector<std::int32_t>(40, 3), {5, 5, 11}});
  const std::vector<float> logits = random_logits(example, 8.0f, 3);
  expect_reference(example, logits, run_kernels(example, logits, 64, Order::rising), "1500 steps");
}

TEST(CtcKernels, GiveAnInfiniteLossAndNoGradientWhereLabelsDoNotFit) {
  const PackedExample example({.inputs = 1, .units = 1, .classes = 3, .loss = Loss::ctc}, {3, 3}, {3, 2},
                              {{1, 1}, {2, 2}});
  const std::vector<float> logits = random_logits(example, 1.0f, 4);
  const Result got = run_kernels(example, logits, 32, Order::rising);
  EXPECT_TRUE(std::isfinite(got.losses[0]));
  EXPECT_EQ(got.losses[1], kInfinity);
  expect_reference(example, logits, got, "two repeated labels in two steps");
  const std::vector<float> nans(logits.size(), std::numeric_limits<float>::quiet_NaN());
  expect_reference(example, nans, run_kernels(example, nans, 32, Order::rising), "NaN everywhere");
}

TEST(CtcKernels, PassOnLogitsThatAreNotFinite) {
  const PackedExample example({.inputs = 1, .units = 1, .classes = 4, .loss = Loss::ctc}, {4, 4}, {4, 4},
                              {{1}, {2}});
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), -kInfinity}) {
    std::vector<float> logits = random_logits(example, 1.0f, 5);
    logits[1] = value;  // class 1 of place 0 at step 0
    expect_reference(example, logits, run_kernels(example, logits, 32, Order::rising), std::to_string(value));
  }
}

}  // namespace
}  // namespace lstm::cuda
