#include "model/cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lstm::model {
namespace {

TEST(CrossEntropy, IsTheLogarithmOfTheSoftmax) {
  const std::vector<double> logits = {std::log(1.0), std::log(2.0), std::log(5.0)};
  std::vector<double> d(3);
  EXPECT_NEAR(cross_entropy<double>(logits, 1, 0.5, d), -std::log(2.0 / 8), 1e-15);
  EXPECT_NEAR(d[0], 0.5 * 1 / 8, 1e-15);
  EXPECT_NEAR(d[1], 0.5 * (2.0 / 8 - 1), 1e-15);
  EXPECT_NEAR(d[2], 0.5 * 5 / 8, 1e-15);
}

TEST(CrossEntropy, StaysInRangeAndPassesOnNaN) {
  std::vector<double> d(2);
  EXPECT_NEAR(cross_entropy<double>(std::vector<double>{1000, -1000}, 1, 1, d), 2000, 1e-9);
  EXPECT_NEAR(d[1], -1, 1e-15);
  EXPECT_TRUE(std::isnan(cross_entropy<double>(std::vector<double>{std::nan(""), 1}, 1, 1, d)));
  EXPECT_TRUE(std::isnan(d[1]));
}

}  // namespace
}  // namespace lstm::model
