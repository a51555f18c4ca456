// Expected values come from NumPy 2.4 (numpy.random.RandomState); problem_test.cpp asks a NumPy on this
// machine.
#include "workload/numpy_random.h"

#include <gtest/gtest.h>

namespace lstmbench {
namespace {

TEST(NumpyRandom, EveryKindOfDrawInOneStream) {
  NumpyRandom random(12345);
  EXPECT_EQ(random.random_sample(), 0.9296160928171479);
  EXPECT_EQ(random.random_sample(), 0.3163755545817859);
  EXPECT_EQ(random.random_sample(), 0.18391881167709445);
  EXPECT_EQ(random.uniform(-3, 7), -0.9543972144696031);
  EXPECT_EQ(random.uniform(-3, 7), 2.6772502908168665);
  for (const int expected : {1, 6, 1, 7, 6, 0}) EXPECT_EQ(random.randint(0, 9), expected);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(random.randint(5, 6), 5);  // draws nothing
  for (const std::int64_t expected : {3832587122, 4128781001})
    EXPECT_EQ(random.randint(0, 4294967295), expected);
  for (const std::int64_t expected : {115061003, 36027469})
    EXPECT_EQ(random.randint(0, 4294967296), expected);
  for (const int expected : {-2, -3, -2, 2, 3}) EXPECT_EQ(random.randint(-4, 4), expected);
  EXPECT_EQ(random.random_sample(), 0.65641118308227);
}

TEST(NumpyRandom, TheLargestSeed) {
  EXPECT_EQ(NumpyRandom(4294967295).random_sample(), 0.0976320289940138);
}

}  // namespace
}  // namespace lstmbench
