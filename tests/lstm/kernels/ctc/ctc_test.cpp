#include "kernels/ctc/ctc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "cpu/memory.h"
#include "lstm/kernels/variants.h"
#include "reference/ctc.h"

namespace lstm::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr float kUntouched = -7.0f;

struct Sample {
  int time_steps, classes, stride;
  std::vector<float> logits;  // (T, stride)
  std::vector<std::int32_t> labels;

  Sample(std::mt19937& random, int t, int v, std::vector<std::int32_t> y, float spread)
      : time_steps(t), classes(v), stride(v + 2), labels(std::move(y)) {
    std::uniform_real_distribution<float> uniform(-spread, spread);
    logits.resize(static_cast<std::size_t>(t * stride));
    for (float& x : logits) x = uniform(random);
  }
};

struct Result {
  double loss;
  std::vector<float> d_logits;  // (T, stride)
};

Result run(CtcFunction function, const Sample& s) {
  Result result{0, std::vector<float>(s.logits.size(), kUntouched)};
  const int labels = static_cast<int>(s.labels.size());
  cpu::Memory scratch(ctc_scratch_size(s.time_steps, s.classes, labels) * sizeof(float));
  // What an earlier sample may have left there.
  std::fill_n(reinterpret_cast<float*>(scratch.data()), scratch.size() / sizeof(float), NAN);
  result.loss = function({s.time_steps, s.classes, labels, s.logits.data(), s.stride, s.labels.data(),
                          result.d_logits.data(), s.stride},
                         reinterpret_cast<float*>(scratch.data()));
  for (int t = 0; t < s.time_steps; ++t) {
    for (int k = s.classes; k < s.stride; ++k) {
      EXPECT_EQ(result.d_logits[static_cast<std::size_t>(t * s.stride + k)], kUntouched)
          << "beyond row " << t;
    }
  }
  return result;
}

// By the definition: every path of T classes that reads as the labels once repeats, then blanks are removed.
Result enumerate(const Sample& s) {
  const auto steps = static_cast<std::size_t>(s.time_steps), classes = static_cast<std::size_t>(s.classes);
  const auto stride = static_cast<std::size_t>(s.stride);
  std::vector<double> p(steps * classes), occupancy(steps * classes, 0.0);
  for (std::size_t t = 0; t < steps; ++t) {
    double sum = 0;
    for (std::size_t k = 0; k < classes; ++k)
      sum += p[t * classes + k] = std::exp(double{s.logits[t * stride + k]});
    for (std::size_t k = 0; k < classes; ++k) p[t * classes + k] /= sum;
  }
  double total = 0;
  std::vector<std::size_t> path(steps, 0);
  for (bool more = true; more;) {
    std::vector<std::int32_t> text;
    double probability = 1;
    for (std::size_t t = 0; t < steps; ++t) {
      probability *= p[t * classes + path[t]];
      if (path[t] != 0 && (t == 0 || path[t] != path[t - 1]))
        text.push_back(static_cast<std::int32_t>(path[t]));
    }
    if (text == s.labels) {
      total += probability;
      for (std::size_t t = 0; t < steps; ++t) occupancy[t * classes + path[t]] += probability;
    }
    more = false;
    for (std::size_t t = 0; t < steps && !more; ++t) {
      more = ++path[t] < classes;
      if (!more) path[t] = 0;
    }
  }
  Result result{total == 0 ? kInfinity : -std::log(total), std::vector<float>(steps * stride, kUntouched)};
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t k = 0; k < classes; ++k) {
      result.d_logits[t * stride + k] =
          total == 0 ? 0.0f : static_cast<float>(p[t * classes + k] - occupancy[t * classes + k] / total);
    }
  }
  return result;
}

void expect_close(const Result& got, const Result& expected, double tolerance) {
  if (std::isinf(expected.loss)) {
    EXPECT_EQ(got.loss, expected.loss);
  } else {
    EXPECT_NEAR(got.loss, expected.loss, tolerance * (1 + std::abs(expected.loss)));
  }
  double worst = 0;
  for (std::size_t i = 0; i < expected.d_logits.size(); ++i) {
    worst = std::max(worst, std::abs(double{got.d_logits[i]} - double{expected.d_logits[i]}));
    if (std::isnan(got.d_logits[i])) worst = kInfinity;
  }
  EXPECT_LE(worst, tolerance) << "gradient";  // its entries are probabilities
}

class CtcVariant : public testing::TestWithParam<Variant<CtcFunction>> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam().isa)) GTEST_SKIP() << "skipped: needs " << name(GetParam().isa);
  }
};
INSTANTIATE_TEST_SUITE_P(Table, CtcVariant, all_of(ctc_variants()), name_of<CtcFunction>);

TEST_P(CtcVariant, MatchesTheSumOverAllPaths) {
  std::mt19937 random(1);
  const std::vector<std::vector<std::int32_t>> texts = {
      {}, {1}, {2, 1}, {1, 1}, {1, 2, 1}, {2, 2, 2}, {1, 1, 2}, {1, 2, 2}, {1, 2, 1, 2}, {2, 1, 1, 2}};
  for (const auto& text : texts) {
    for (const int time_steps : {1, 2, 3, 4, 5, 7}) {
      SCOPED_TRACE("T=" + std::to_string(time_steps) + " S=" + std::to_string(text.size()));
      const Sample sample(random, time_steps, 3, text, 2.0f);
      expect_close(run(GetParam().function, sample), enumerate(sample), 1e-6);
    }
  }
}

// In float64 and log space, itself compared with all paths by its own test: the judge where paths cannot be
// counted.
Result reference_result(const Sample& s) {
  const auto steps = static_cast<std::size_t>(s.time_steps), classes = static_cast<std::size_t>(s.classes);
  const auto stride = static_cast<std::size_t>(s.stride);
  std::vector<double> logits(steps * classes), gradients(steps * classes);
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t k = 0; k < classes; ++k) logits[t * classes + k] = s.logits[t * stride + k];
  }
  reference::CtcScratch scratch(s.time_steps, s.classes, static_cast<int>(s.labels.size()));
  Result result{reference::ctc(s.time_steps, s.classes, logits, s.labels, scratch, gradients),
                std::vector<float>(steps * stride, kUntouched)};
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t k = 0; k < classes; ++k) {
      result.d_logits[t * stride + k] = static_cast<float>(gradients[t * classes + k]);
    }
  }
  return result;
}

TEST_P(CtcVariant, MatchesTheReference) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 60; ++round) {
    const int classes = 2 + static_cast<int>(random() % 70), count = static_cast<int>(random() % 40);
    std::vector<std::int32_t> labels(static_cast<std::size_t>(count));
    for (auto& label : labels)
      label = 1 + static_cast<std::int32_t>(random() % static_cast<unsigned>(classes - 1));
    const int time_steps = 1 + static_cast<int>(random() % 120);  // sometimes too few
    SCOPED_TRACE("T=" + std::to_string(time_steps) + " V=" + std::to_string(classes) +
                 " S=" + std::to_string(count));
    const Sample sample(random, time_steps, classes, labels, 0.1f + 10.0f * static_cast<float>(random() % 3));
    expect_close(run(GetParam().function, sample), reference_result(sample), 5e-6);
  }
}

TEST_P(CtcVariant, StaysAccurateOverAThousandSteps) {
  std::mt19937 random(4);
  // 300: an untrained network that is sure of the wrong thing, whose paths' probabilities differ by far more
  // than floats, or doubles, can hold.
  for (const float spread : {0.05f, 3.0f, 300.0f}) {
    std::vector<std::int32_t> labels(100);
    for (auto& label : labels) label = 1 + static_cast<std::int32_t>(random() % 58);
    labels[50] = labels[49];
    const Sample sample(random, 1000, 59, labels, spread);
    SCOPED_TRACE("spread " + std::to_string(spread));
    const Result expected = reference_result(sample);
    ASSERT_TRUE(std::isfinite(expected.loss));
    expect_close(run(GetParam().function, sample), expected, 1e-5);
  }
}

TEST_P(CtcVariant, ImpossibleLabelsHaveInfiniteLossAndNoGradient) {
  std::mt19937 random(5);
  const auto expect_impossible = [](const Result& result, int stride) {
    EXPECT_EQ(result.loss, kInfinity);
    for (std::size_t i = 0; i < result.d_logits.size(); ++i) {
      ASSERT_EQ(result.d_logits[i], static_cast<int>(i) % stride < 4 ? 0.0f : kUntouched);
    }
  };
  for (const auto& labels : {std::vector<std::int32_t>{1, 2, 3}, std::vector<std::int32_t>{1, 1}}) {
    const Sample sample(random, 2, 4, labels, 1.0f);
    expect_impossible(run(GetParam().function, sample), sample.stride);
  }
  Sample without_numbers(random, 2, 4, {1, 1}, 1.0f);  // NaN does not make them fit
  without_numbers.logits[1] = NAN;
  expect_impossible(run(GetParam().function, without_numbers), without_numbers.stride);
  Sample forbidden(random, 6, 4, {3}, 1.0f);  // long enough, but class 3 has probability 0 everywhere
  for (int t = 0; t < 6; ++t) {
    forbidden.logits[static_cast<std::size_t>(t * forbidden.stride + 3)] =
        -std::numeric_limits<float>::infinity();
  }
  expect_impossible(run(GetParam().function, forbidden), forbidden.stride);
}

TEST_P(CtcVariant, NaNInGivesNaNOut) {
  std::mt19937 random(6);
  for (const int where : {0, 4, 9}) {
    Sample sample(random, 10, 20, {1, 2, 3}, 1.0f);
    sample.logits[static_cast<std::size_t>(where * sample.stride + 7)] = NAN;
    const Result result = run(GetParam().function, sample);
    EXPECT_TRUE(std::isnan(result.loss)) << where;
    EXPECT_TRUE(std::isnan(result.d_logits[static_cast<std::size_t>(where * sample.stride + 1)])) << where;
  }
}

TEST_P(CtcVariant, WorksInPlace) {
  std::mt19937 random(8);
  Sample sample(random, 30, 11, {1, 2, 2, 5}, 2.0f);
  const Result apart = run(GetParam().function, sample);
  cpu::Memory scratch(ctc_scratch_size(30, 11, 4) * sizeof(float));
  GetParam().function({30, 11, 4, sample.logits.data(), sample.stride, sample.labels.data(),
                       sample.logits.data(), sample.stride},
                      reinterpret_cast<float*>(scratch.data()));
  for (int t = 0; t < 30; ++t) {
    for (int k = 0; k < 11; ++k) {
      const auto at = static_cast<std::size_t>(t * sample.stride + k);
      ASSERT_EQ(sample.logits[at], apart.d_logits[at]);
    }
  }
}

}  // namespace
}  // namespace lstm::kernels
