#include "kernels/pointwise/pointwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace lstm::kernels {
namespace {

constexpr float kUntouched = -7.0f;

class Pointwise : public ::testing::TestWithParam<Variant<PointwiseFunctions>> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam().isa)) GTEST_SKIP() << "this machine lacks " << name(GetParam().isa);
  }
};

INSTANTIATE_TEST_SUITE_P(, Pointwise,
                         ::testing::ValuesIn(pointwise_variants().begin(), pointwise_variants().end()),
                         [](const auto& variant) { return std::string(variant.param.name); });

TEST_P(Pointwise, ComputesTheFormulas) {
  const PointwiseFunctions& f = GetParam().function;
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-3, 3);
  for (std::size_t n = 1; n <= 40; ++n) {
    std::vector<float> a(n), b(n), start(n);
    for (auto* values : {&a, &b, &start}) {
      for (float& value : *values) value = uniform(random);
    }
    // function(out) on a copy of start with a guard behind it.
    const auto expect = [&](const char* what, const auto& function, const auto& formula) {
      std::vector<float> out = start;
      out.push_back(kUntouched);
      function(out.data());
      for (std::size_t i = 0; i < n; ++i) {
        const double expected = formula(double{a[i]}, double{b[i]}, double{start[i]});
        EXPECT_NEAR(out[i], expected, 1e-6 * (1 + std::abs(expected) + std::abs(start[i])) * 2)
            << what << ", element " << i << " of " << n;
      }
      EXPECT_EQ(out[n], kUntouched) << what << ", behind " << n;
    };
    expect(
        "add", [&](float* out) { f.add(n, a.data(), b.data(), out); },
        [](double x, double y, double) { return x + y; });
    expect(
        "multiply", [&](float* out) { f.multiply(n, a.data(), b.data(), out); },
        [](double x, double y, double) { return x * y; });
    expect(
        "sigmoid", [&](float* out) { f.sigmoid(n, a.data(), out); },
        [](double x, double, double) { return 1 / (1 + std::exp(-x)); });
    expect(
        "tanh", [&](float* out) { f.tanh(n, a.data(), out); },
        [](double x, double, double) { return std::tanh(x); });
    expect(
        "add_product", [&](float* out) { f.add_product(n, a.data(), b.data(), out); },
        [](double x, double y, double z) { return z + x * y; });
    expect(
        "add_sigmoid_gradient", [&](float* out) { f.add_sigmoid_gradient(n, a.data(), b.data(), out); },
        [](double y, double dy, double z) { return z + dy * y * (1 - y); });
    expect(
        "add_tanh_gradient", [&](float* out) { f.add_tanh_gradient(n, a.data(), b.data(), out); },
        [](double y, double dy, double z) { return z + dy * (1 - y * y); });
    expect(
        "add in place", [&](float* out) { f.add(n, out, a.data(), out); },
        [](double x, double, double z) { return z + x; });
  }
}

}  // namespace
}  // namespace lstm::kernels
