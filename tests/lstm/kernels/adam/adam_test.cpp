#include "kernels/adam/adam.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "lstm/kernels/variants.h"

namespace lstm::kernels {
namespace {

class AdamVariant : public testing::TestWithParam<Variant<AdamFunction>> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam().isa)) GTEST_SKIP() << "skipped: needs " << name(GetParam().isa);
  }
};
INSTANTIATE_TEST_SUITE_P(Table, AdamVariant, all_of(adam_variants()), name_of<AdamFunction>);

// Algorithm 1 of the paper, in double, with its bias-corrected moments written out, after AdamW's decay.
struct Parameter {
  double p, m = 0, v = 0;
  void step(double g, int t, const AdamOptions& o) {
    const double b1 = o.beta1, b2 = o.beta2;
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
    const double m_hat = m / (1 - std::pow(b1, t)), v_hat = v / (1 - std::pow(b2, t));
    p *= 1 - o.learning_rate * o.weight_decay;
    p -= double{o.learning_rate} * m_hat / (std::sqrt(v_hat) + double{o.epsilon});
  }
};

TEST_P(AdamVariant, FollowsThePaperOverManySteps) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (const AdamOptions& options : {AdamOptions{}, AdamOptions{0.1f, 0.5f, 0.9f, 1e-3f},
                                     AdamOptions{.learning_rate = 0.1, .weight_decay = 0.5}}) {
    for (const std::size_t count : {1u, 7u, 8u, 15u, 16u, 17u, 100u}) {
      const float guard = 42.0f;  // behind the end of each array
      std::vector<float> g(count + 1, guard), p(count + 1, guard), m(count + 1, 0.0f), v(count + 1, 0.0f);
      m[count] = v[count] = guard;
      std::vector<Parameter> expected(count);
      for (std::size_t i = 0; i < count; ++i) expected[i].p = p[i] = normal(random);
      for (int step = 1; step <= 30; ++step) {
        for (std::size_t i = 0; i < count; ++i) {
          g[i] = normal(random) * (i % 3 == 0 ? 1e-4f : 1.0f);
          expected[i].step(g[i], step, options);
        }
        GetParam().function({count, g.data(), p.data(), m.data(), v.data()}, adam_factors(options, step));
        for (std::size_t i = 0; i < count; ++i) {
          // A step moves by about the learning rate: that is the scale of its error.
          const double tolerance = 1e-6 * (std::abs(expected[i].p) + step * double{options.learning_rate});
          ASSERT_NEAR(p[i], expected[i].p, tolerance)
              << "step " << step << ", parameter " << i << " of " << count;
        }
      }
      for (const auto* array : {&g, &p, &m, &v}) EXPECT_EQ(array->back(), guard);
    }
  }
}

TEST_P(AdamVariant, PropagatesNaN) {
  std::vector<float> g(20, 1.0f), p(20, 1.0f), m(20, 0.0f), v(20, 0.0f);
  g[18] = std::numeric_limits<float>::quiet_NaN();
  GetParam().function({20, g.data(), p.data(), m.data(), v.data()}, adam_factors({}, 1));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(std::isnan(p[i]), i == 18) << i;
}

TEST(AdamFactors, CorrectTheBiasOfEarlySteps) {
  const AdamOptions options{0.01f, 0.9f, 0.999f, 1e-8f};
  const AdamFactors first = adam_factors(options, 1);
  EXPECT_NEAR(first.step_size, 0.1, 1e-7);          // 0.01 / (1 - 0.9)
  EXPECT_NEAR(first.root_scale, 31.6227766, 1e-3);  // 1 / sqrt(1 - 0.999)
  const AdamFactors late = adam_factors(options, 1'000'000);
  EXPECT_FLOAT_EQ(late.step_size, 0.01f);
  EXPECT_FLOAT_EQ(late.root_scale, 1.0f);
}

}  // namespace
}  // namespace lstm::kernels
