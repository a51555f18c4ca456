#include "kernels/cell/cell.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace lstm::kernels {
namespace {

constexpr float kUntouched = -7.0f;

class Cell : public ::testing::TestWithParam<Variant<CellFunctions>> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam().isa)) GTEST_SKIP() << "this machine lacks " << name(GetParam().isa);
    flush_denormals();  // as on an engine's threads
  }
};

INSTANTIATE_TEST_SUITE_P(, Cell, ::testing::ValuesIn(cell_variants().begin(), cell_variants().end()),
                         [](const auto& variant) { return std::string(variant.param.name); });

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// A step of `rows` samples, of which rows_before continue one; rows of h are two elements wider than H.
struct Step {
  int rows, rows_before, H, stride;
  std::vector<float> gates, b_W, b_R, c_before, c, h, dc;

  Step(std::mt19937& random, int rows_, int rows_before_, int units)
      : rows(rows_), rows_before(rows_before_), H(units), stride(units + 2) {
    std::uniform_real_distribution<float> uniform(-4, 4);
    const auto fill = [&](std::vector<float>& values, int count) {
      values.resize(static_cast<std::size_t>(count));
      for (float& value : values) value = uniform(random);
    };
    fill(gates, rows * 4 * H);
    fill(b_W, 4 * H);
    fill(b_R, 4 * H);
    fill(c_before, rows_before * H);
    fill(c, rows * H);
    fill(h, rows * stride);
    fill(dc, rows * H);
  }
  double before(int row, int u) const { return row < rows_before ? c_before[row * H + u] : 0.0; }
};

void expect_close(float got, double expected, const std::string& what) {
  // Absolute for small values: 1 - g * g and c' cancel, and their terms are of the order of 1.
  EXPECT_NEAR(got, expected, 3e-6 * std::max(1.0, std::abs(expected))) << what;
}

TEST_P(Cell, ComputesTheFormulas) {
  std::mt19937 random(1);
  for (const int H : {1, 7, 8, 15, 16, 17, 33}) {
    for (const int rows_before : {0, 2, 3}) {
      const Step in(random, 3, rows_before, H);
      Step out = in;
      std::fill(out.h.begin(), out.h.end(), kUntouched);
      const CellForward forward{.units = H,
                                .rows_before = rows_before,
                                .gates = out.gates.data(),
                                .b_W = in.b_W.data(),
                                .b_R = in.b_R.data(),
                                .c_before = in.c_before.data(),
                                .c = out.c.data(),
                                .h = out.h.data(),
                                .h_stride = in.stride};
      GetParam().function.forward(forward, 0, 1);
      GetParam().function.forward(forward, 1, 3);
      Step d = out;
      d.h = in.h;  // the gradient of h
      const CellBackward backward{.units = H,
                                  .rows_before = rows_before,
                                  .gates = d.gates.data(),
                                  .c = out.c.data(),
                                  .c_before = in.c_before.data(),
                                  .dh = in.h.data(),
                                  .dh_stride = in.stride,
                                  .dc = d.dc.data()};
      GetParam().function.backward(backward, 0, 2);
      GetParam().function.backward(backward, 2, 3);
      for (int row = 0; row < 3; ++row) {
        for (int u = 0; u < H; ++u) {
          const auto at = [&](int gate) { return row * 4 * H + gate * H + u; };
          const auto sum = [&](int gate) {
            return static_cast<double>(in.gates[at(gate)]) + in.b_W[gate * H + u] + in.b_R[gate * H + u];
          };
          const double i = sigmoid(sum(0)), f = sigmoid(sum(1)), g = std::tanh(sum(2)), o = sigmoid(sum(3));
          const double c = f * in.before(row, u) + i * g, tanh_c = std::tanh(c);
          const std::string what = "H " + std::to_string(H) + ", row " + std::to_string(row) + " of " +
                                   std::to_string(rows_before) + ", unit " + std::to_string(u);
          expect_close(out.gates[at(0)], i, what + ": i");
          expect_close(out.gates[at(1)], f, what + ": f");
          expect_close(out.gates[at(2)], g, what + ": g");
          expect_close(out.gates[at(3)], o, what + ": o");
          expect_close(out.c[row * H + u], c, what + ": c");
          expect_close(out.h[row * in.stride + u], o * tanh_c, what + ": h");
          const double dh = in.h[row * in.stride + u];
          const double dc = in.dc[row * H + u] + dh * o * (1 - tanh_c * tanh_c);
          expect_close(d.gates[at(0)], dc * g * i * (1 - i), what + ": di");
          expect_close(d.gates[at(1)], dc * in.before(row, u) * f * (1 - f), what + ": df");
          expect_close(d.gates[at(2)], dc * i * (1 - g * g), what + ": dg");
          expect_close(d.gates[at(3)], dh * tanh_c * o * (1 - o), what + ": do");
          expect_close(d.dc[row * H + u], dc * f, what + ": dc");
        }
        for (int u = H; u < in.stride; ++u) EXPECT_EQ(out.h[row * in.stride + u], kUntouched);
      }
    }
  }
}

// i, g of one unit for a chosen sum in front of them.
std::pair<float, float> activations(const CellFunctions& functions, float sum) {
  std::vector<float> gates(4, sum), zeros(4, 0.0f);
  float c = 0, h = 0;
  functions.forward({.units = 1,
                     .rows_before = 0,
                     .gates = gates.data(),
                     .b_W = zeros.data(),
                     .b_R = zeros.data(),
                     .c_before = nullptr,
                     .c = &c,
                     .h = &h,
                     .h_stride = 1},
                    0, 1);
  return {gates[0], gates[2]};
}

TEST_P(Cell, HasActivationsWithinAMillionth) {
  for (double x = 1e-7; x < 85; x *= 1.003) {
    for (const double sign : {-1.0, 1.0}) {
      const auto sum = static_cast<float>(sign * x);
      const auto [i, g] = activations(GetParam().function, sum);
      const double expected_i = sigmoid(sum), expected_g = std::tanh(static_cast<double>(sum));
      ASSERT_NEAR(i, expected_i, 1e-6 * expected_i) << "sigmoid of " << sum;
      ASSERT_NEAR(g, expected_g, 1e-6 * std::abs(expected_g)) << "tanh of " << sum;
    }
  }
}

TEST_P(Cell, SaturatesAndPassesOnNaN) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float x : {90.0f, 1000.0f, 3e38f, kInfinity}) {
    EXPECT_EQ(activations(GetParam().function, x), std::pair(1.0f, 1.0f)) << x;
    EXPECT_EQ(activations(GetParam().function, -x), std::pair(0.0f, -1.0f)) << -x;
  }
  const auto [i, g] = activations(GetParam().function, std::nanf(""));
  EXPECT_TRUE(std::isnan(i));
  EXPECT_TRUE(std::isnan(g));
}

}  // namespace
}  // namespace lstm::kernels
