#include "engines/basic/tape.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace lstm::engines {
namespace {

constexpr TapeCapacity kCapacity = {
    .operations = 8, .temporary_in_step = 40, .kept_in_step = 40, .kept_in_all = 80, .carried_in_all = 40};

// A matrix that outlives the tape, as parameters and layer outputs do.
struct Leaf {
  Leaf(int rows_, int columns_, float start) : rows(rows_), columns(columns_) {
    for (int i = 0; i < rows * columns; ++i) {
      values.push_back(start + 0.3f * static_cast<float>(i % 5) - 0.1f * static_cast<float>(i));
      gradients.push_back(0);
    }
  }
  Tensor tensor() { return {values.data(), gradients.data(), rows, columns, columns}; }

  int rows, columns;
  std::vector<float> values, gradients;
};

class TapeTest : public ::testing::Test {
 protected:
  cpu::ThreadTeam team{2};
  kernels::Gemm gemm{Isa::portable, team};
  Tape tape{kCapacity, Isa::portable, team, gemm};

  // Compares the gradients of a and b, by the sum of 1, 2, 3, ... times the elements of what function(a, b,
  // out) writes to `out`, with the slopes of that sum.
  template <class Function>
  void expect_slopes(Leaf a, Leaf b, Leaf out, const Function& function) {
    const auto weighted_sum = [&] {
      tape.clear();
      function(a.tensor(), b.tensor(), out.tensor());
      double sum = 0;
      for (std::size_t i = 0; i < out.values.size(); ++i) sum += static_cast<double>(i + 1) * out.values[i];
      return sum;
    };
    weighted_sum();
    for (std::size_t i = 0; i < out.gradients.size(); ++i) out.gradients[i] = static_cast<float>(i + 1);
    tape.differentiate();
    for (Leaf* leaf : {&a, &b}) {
      for (std::size_t i = 0; i < leaf->values.size(); ++i) {
        const float value = leaf->values[i], above = value + 0.02f, below = value - 0.02f;
        leaf->values[i] = above;
        const double sum_above = weighted_sum();
        leaf->values[i] = below;
        const double sum_below = weighted_sum();
        leaf->values[i] = value;
        const double slope = (sum_above - sum_below) / (static_cast<double>(above) - below);
        EXPECT_NEAR(leaf->gradients[i], slope, 2e-3 * (1 + std::abs(slope)))
            << (leaf == &a ? "a, " : "b, ") << "element " << i;
      }
    }
  }
};

TEST_F(TapeTest, DifferentiatesEachOperation) {
  expect_slopes({2, 3, 0.5f}, {4, 3, -0.2f}, {2, 4, 0},
                [&](Tensor a, Tensor b, Tensor out) { tape.matrix_product(a, b, out); });
  expect_slopes({3, 2, 0.5f}, {3, 2, -0.2f}, {3, 2, 0},
                [&](Tensor a, Tensor b, Tensor out) { tape.add(a, b, out); });
  expect_slopes({3, 2, 0.5f}, {2, 2, -0.2f}, {3, 2, 0},
                [&](Tensor a, Tensor b, Tensor out) { tape.add(a, b, out); });
  expect_slopes({3, 2, 0.5f}, {1, 2, -0.2f}, {3, 2, 0},
                [&](Tensor a, Tensor b, Tensor out) { tape.add_bias(a, b, out); });
  expect_slopes({3, 2, 0.5f}, {3, 2, -0.2f}, {3, 2, 0},
                [&](Tensor a, Tensor b, Tensor out) { tape.multiply(a, b, out); });
  expect_slopes({3, 2, 0.5f}, {1, 1, 0}, {3, 2, 0},
                [&](Tensor a, Tensor, Tensor out) { tape.sigmoid(a, out); });
  expect_slopes({3, 2, 0.5f}, {1, 1, 0}, {3, 2, 0}, [&](Tensor a, Tensor, Tensor out) { tape.tanh(a, out); });
}

TEST_F(TapeTest, DifferentiatesChainsThroughSlicesAndReuse) {
  expect_slopes({2, 4, 0.5f}, {2, 2, -0.2f}, {2, 2, 0}, [&](Tensor a, Tensor b, Tensor out) {
    const Tensor left = tape.tanh(a.column_range(0, 2), tape.kept(2, 2));
    const Tensor right = tape.sigmoid(a.column_range(2, 2), tape.kept(2, 2));
    const Tensor product = tape.multiply(left, right, tape.temporary(2, 2));
    tape.add(tape.add(product, left.first_rows(1), tape.temporary(2, 2)), b, out);
  });
}

TEST_F(TapeTest, CarriesGradientsFromStepToStep) {
  expect_slopes({2, 2, 0.5f}, {2, 2, -0.2f}, {2, 2, 0}, [&](Tensor a, Tensor b, Tensor out) {
    const Tensor c = tape.add(tape.tanh(a, tape.kept(2, 2)), b, tape.carried(2, 2));
    tape.end_step();
    const Tensor next = tape.multiply(tape.tanh(c, tape.kept(2, 2)), c, tape.temporary(2, 2));
    tape.add(next, c, out);
    tape.end_step();
  });
}

TEST_F(TapeTest, WantsNoGradientOfConstants) {
  Leaf a(2, 3, 0.5f), weights(4, 3, 0.1f), out(2, 4, 0);
  Tensor constant = a.tensor();
  constant.gradient = nullptr;
  tape.matrix_product(constant, weights.tensor(), out.tensor());
  out.gradients.assign(8, 1);
  tape.differentiate();
  EXPECT_NEAR(weights.gradients[0], a.values[0] + a.values[3], 1e-6);
}

TEST_F(TapeTest, RefusesMoreThanWasPlanned) {
  EXPECT_THROW(tape.temporary(41, 1), std::logic_error);
  EXPECT_NO_THROW(tape.temporary(40, 1));
  EXPECT_THROW(tape.temporary(1, 1), std::logic_error);
  tape.end_step();
  EXPECT_NO_THROW(tape.temporary(40, 1));
  for (int i = 0; i < 7; ++i) tape.end_step();
  EXPECT_THROW(tape.end_step(), std::logic_error);
  tape.clear();
  EXPECT_NO_THROW(tape.end_step());
}

}  // namespace
}  // namespace lstm::engines
