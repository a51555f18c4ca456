// The activations of one part in bf16 before they are rounded, which the tests of the steps cannot see.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/sequence_bf16/sequence_bf16.h"
#include "kernels/sequence_bf16/vector16_portable.h"
// Needs a Vector.
#include "kernels/sequence_bf16/gates.h"

namespace lstm::kernels {
namespace {

struct Activated {
  float i, f, g, o, cell;
};
Activated activated(float x) {
  Vector gates[4] = {Vector::all(x), Vector::all(x), Vector::all(x), Vector::all(x)};
  activate_gates<1, 1>(gates, NoProducts{});
  Vector cells[1] = {Vector::all(x)};
  activate_cells<1>(cells, [] {});
  return {gates[0].v[3], gates[1].v[3], gates[2].v[3], gates[3].v[3], cells[0].v[3]};
}

TEST(Bf16Activations, AreExactToThreeInAHundredThousand) {
  static_assert(Words::kLooksUp);
  double worst_logistic = 0, worst_tanh = 0;
  for (int step = -150000; step <= 150000; ++step) {
    const float x = 1e-4f * static_cast<float>(step);
    const double tanh = std::tanh(static_cast<double>(x));
    const double logistic = 1 / (1 + std::exp(-static_cast<double>(x)));
    const Activated got = activated(x);
    EXPECT_EQ(got.i, got.f);
    EXPECT_EQ(got.i, got.o);
    EXPECT_EQ(got.g, got.cell);
    worst_logistic = std::max(worst_logistic, std::abs(got.i - logistic));
    if (step != 0) worst_tanh = std::max(worst_tanh, std::abs(got.g / tanh - 1));
    if (HasFailure()) FAIL() << "at " << x;
  }
  EXPECT_LT(worst_logistic, 3e-5);
  EXPECT_LT(worst_tanh, 3e-5);
  // Two more digits would be fp32's.
  EXPECT_GT(worst_logistic, 3e-6);
  EXPECT_GT(worst_tanh, 3e-6);
}

TEST(Bf16Activations, Saturate) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float x : {12.0f, 3e38f, infinity}) {
    EXPECT_EQ(activated(x).i, 1.0f);
    EXPECT_EQ(activated(-x).i, 0.0f);
    EXPECT_NEAR(activated(x).g, 1.0f, 3e-5);
    EXPECT_EQ(activated(-x).g, -activated(x).g);
  }
}

TEST(Bf16Activations, KeepWhatIsNotANumberAndTheSignOfZero) {
  EXPECT_TRUE(std::isnan(activated(std::numeric_limits<float>::quiet_NaN()).i));
  EXPECT_TRUE(std::isnan(activated(std::numeric_limits<float>::quiet_NaN()).g));
  EXPECT_EQ(activated(0.0f).g, 0.0f);
  EXPECT_TRUE(std::signbit(activated(-0.0f).g));
  EXPECT_NEAR(activated(0.0f).i, 0.5f, 3e-5);
}

}  // namespace
}  // namespace lstm::kernels
