#include "statistics/summary.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace lstmbench {
namespace {

TEST(Summary, QuantilesAreNumPys) {
  // numpy.quantile([4, 1, 3, 2], [0, .25, .5, .9, 1])
  const std::vector<double> values{4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(quantile(values, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(values, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile(values, 0.9), 3.7);
  EXPECT_DOUBLE_EQ(quantile(values, 1), 4);
}

TEST(Summary, MedianIgnoresOneOutlier) {
  EXPECT_DOUBLE_EQ(median(std::vector<double>{10, 11, 1e9}), 11);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{7}), 7);
}

TEST(Summary, MedianAbsoluteDeviation) {
  EXPECT_DOUBLE_EQ(median_absolute_deviation(std::vector<double>{1, 1, 2, 2, 4, 6, 9}), 1);
}

TEST(Summary, MeanAndStandardDeviation) {
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(mean(values), 5);
  EXPECT_NEAR(standard_deviation(values), 2.138089935, 1e-9);  // statistics.stdev
  EXPECT_DOUBLE_EQ(standard_deviation(std::vector<double>{3}), 0);
}

TEST(Summary, RefusesNothingAndNonsense) {
  EXPECT_THROW(median({}), std::invalid_argument);
  EXPECT_THROW(mean({}), std::invalid_argument);
  EXPECT_THROW(quantile(std::vector<double>{1}, 1.5), std::invalid_argument);
}

}  // namespace
}  // namespace lstmbench
