#include "reference/ctc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace lstm::reference {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Result {
  double loss = 0;
  std::vector<double> d_logits;
};

// What a path reads as: repeats merged, then blanks removed.
std::vector<std::int32_t> reading(const std::vector<std::int32_t>& path) {
  std::vector<std::int32_t> labels;
  for (std::size_t t = 0; t < path.size(); ++t) {
    if (path[t] != 0 && (t == 0 || path[t] != path[t - 1])) labels.push_back(path[t]);
  }
  return labels;
}

// By the definition: the sum over all paths of `classes` to the power of `steps`. The gradient by a logit is
// the softmax minus the share of the paths that go through it.
Result by_enumeration(int steps, int classes, const std::vector<double>& logits,
                      const std::vector<std::int32_t>& labels) {
  std::vector<double> y(logits.size());
  for (int t = 0; t < steps; ++t) {
    double sum = 0;
    for (int k = 0; k < classes; ++k) sum += std::exp(logits[t * classes + k]);
    for (int k = 0; k < classes; ++k) y[t * classes + k] = std::exp(logits[t * classes + k]) / sum;
  }
  double total = 0;
  std::vector<double> through(logits.size(), 0.0);
  std::vector<std::int32_t> path(static_cast<std::size_t>(steps), 0);
  for (;;) {
    if (reading(path) == labels) {
      double p = 1;
      for (int t = 0; t < steps; ++t) p *= y[t * classes + path[t]];
      total += p;
      for (int t = 0; t < steps; ++t) through[t * classes + path[t]] += p;
    }
    int t = 0;
    while (t < steps && ++path[t] == classes) path[t++] = 0;
    if (t == steps) break;
  }
  Result result{-std::log(total), std::vector<double>(logits.size(), 0.0)};
  for (std::size_t i = 0; i < logits.size() && total > 0; ++i) result.d_logits[i] = y[i] - through[i] / total;
  return result;
}

Result by_recursion(int steps, int classes, const std::vector<double>& logits,
                    const std::vector<std::int32_t>& labels) {
  Result result{0, std::vector<double>(logits.size(), -7.0)};
  CtcScratch scratch(steps, classes, static_cast<int>(labels.size()));
  result.loss = ctc(steps, classes, logits, labels, scratch, result.d_logits);
  return result;
}

TEST(Ctc, SumsOverAllPathsThatReadAsTheLabels) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(-3, 3);
  const std::vector<std::vector<std::int32_t>> all_labels = {
      {}, {1}, {2, 1}, {1, 1}, {2, 2, 2}, {1, 2, 1}, {1, 1, 2, 2}, {1, 2, 1, 2, 1}};
  for (const auto& labels : all_labels) {
    for (int steps = 1; steps <= 6; ++steps) {
      for (const int classes : {3, 4}) {
        std::vector<double> logits(static_cast<std::size_t>(steps * classes));
        for (double& logit : logits) logit = uniform(random);
        const Result expected = by_enumeration(steps, classes, logits, labels);
        const Result got = by_recursion(steps, classes, logits, labels);
        if (std::isinf(expected.loss)) {
          EXPECT_EQ(got.loss, expected.loss) << steps << " steps, " << labels.size() << " labels";
        } else {
          EXPECT_NEAR(got.loss, expected.loss, 1e-12 * std::max(1.0, expected.loss));
        }
        for (std::size_t i = 0; i < logits.size(); ++i) {
          EXPECT_NEAR(got.d_logits[i], expected.d_logits[i], 1e-12)
              << steps << " steps, " << labels.size() << " labels, logit " << i;
        }
      }
    }
  }
}

TEST(Ctc, HasNoGradientWhereNoPathExists) {
  const Result result = by_recursion(4, 3, std::vector<double>(12, 0.5), {1, 1, 1});  // needs five steps
  EXPECT_EQ(result.loss, kInfinity);
  EXPECT_EQ(result.d_logits, std::vector<double>(12, 0.0));
}

TEST(Ctc, LooksAtLabelsBeforeLogits) {
  const Result result = by_recursion(4, 3, std::vector<double>(12, std::nan("")), {1, 1, 1});
  EXPECT_EQ(result.loss, kInfinity);
  EXPECT_EQ(result.d_logits, std::vector<double>(12, 0.0));
}

TEST(Ctc, NeverLeavesTheRangeOfNumbers) {
  constexpr int kSteps = 2000, kClasses = 5;
  std::vector<double> logits(kSteps * kClasses);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = i % kClasses == 0 ? -300.0 : 300.0;
  const Result result =
      by_recursion(kSteps, kClasses, logits, {});  // only blanks, each of probability e^-600 / 4
  EXPECT_NEAR(result.loss, kSteps * (600 + std::log(4.0)), 1e-6);
  EXPECT_NEAR(result.d_logits[0], -1, 1e-12);
  EXPECT_NEAR(result.d_logits[1], 0.25, 1e-12);
}

TEST(Ctc, PassesOnNaN) {
  std::vector<double> logits(12, 0.5);
  logits[4] = std::nan("");
  const Result result = by_recursion(4, 3, logits, {1});
  EXPECT_TRUE(std::isnan(result.loss));
  EXPECT_TRUE(std::isnan(result.d_logits[0]));
}

}  // namespace
}  // namespace lstm::reference
