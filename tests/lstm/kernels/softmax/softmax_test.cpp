#include "kernels/softmax/softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "lstm/kernels/variants.h"

namespace lstm::kernels {
namespace {

class SoftmaxVariant : public testing::TestWithParam<Variant<SoftmaxFunction>> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam().isa)) GTEST_SKIP() << "skipped: needs " << name(GetParam().isa);
  }
};
INSTANTIATE_TEST_SUITE_P(Table, SoftmaxVariant, all_of(softmax_variants()), name_of<SoftmaxFunction>);

TEST_P(SoftmaxVariant, MatchesDoublePrecision) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const int classes : {1, 2, 7, 8, 9, 10, 16, 17, 33, 59, 500}) {
    for (const float spread : {0.1f, 3.0f, 60.0f}) {
      const int rows = 5, stride = classes + 3;
      const auto size = static_cast<std::size_t>(rows * stride);
      std::uniform_real_distribution<float> uniform(-spread, spread);
      std::vector<float> logits(size), d(size, -7.0f), losses(rows);
      for (float& x : logits) x = uniform(random);
      std::vector<std::int32_t> labels(rows);
      for (auto& label : labels) label = static_cast<std::int32_t>(random() % static_cast<unsigned>(classes));
      GetParam().function(
          {rows, classes, logits.data(), stride, labels.data(), 0.25f, losses.data(), d.data(), stride});
      for (int row = 0; row < rows; ++row) {
        const float* x = logits.data() + row * stride;
        const float* got = d.data() + row * stride;
        const int label = labels[static_cast<std::size_t>(row)];
        double sum = 0;
        for (int k = 0; k < classes; ++k) sum += std::exp(double{x[k]} - double{x[label]});
        ASSERT_NEAR(losses[static_cast<std::size_t>(row)], std::log(sum), 1e-6 * (1 + std::log(sum)));
        for (int k = 0; k < classes; ++k) {
          const double p = std::exp(double{x[k]} - double{x[label]}) / sum;
          const double expected = 0.25 * (p - (k == label ? 1 : 0));
          ASSERT_NEAR(got[k], expected, 1e-6 * p + 2e-8) << "class " << k << " of " << classes;
        }
        for (int k = classes; k < stride; ++k) ASSERT_EQ(got[k], -7.0f) << "wrote beyond row " << row;
      }
    }
  }
}

TEST_P(SoftmaxVariant, SurvivesLargeLogitsAndWorksInPlace) {
  std::vector<float> logits = {1e30f, -1e30f, 3e38f, -std::numeric_limits<float>::infinity()};
  const std::int32_t label = 2;
  float loss = -1;
  GetParam().function({1, 4, logits.data(), 4, &label, 1.0f, &loss, logits.data(), 4});
  EXPECT_EQ(loss, 0.0f);
  for (const float d : logits) EXPECT_EQ(d, 0.0f);
}

TEST_P(SoftmaxVariant, PropagatesNaNWithinItsRow) {
  for (const float poison :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const int where : {0, 17, 19}) {
      std::vector<float> logits(40, 0.5f), d(40, 0.0f);
      logits[static_cast<std::size_t>(where)] = poison;
      const std::int32_t labels[] = {1, 1};
      float losses[2];
      GetParam().function({2, 20, logits.data(), 20, labels, 1.0f, losses, d.data(), 20});
      EXPECT_TRUE(std::isnan(losses[0])) << poison << " at " << where;
      EXPECT_TRUE(std::all_of(d.begin(), d.begin() + 20, [](float x) { return std::isnan(x); })) << where;
      EXPECT_FLOAT_EQ(losses[1], std::log(20.0f));
    }
  }
}

}  // namespace
}  // namespace lstm::kernels
