#include "cuda/kernels/element.h"

#include <gtest/gtest.h>

namespace lstm::cuda {
namespace {

TEST(Element, IsRightOnBothSidesOf32Bits) {
  for (const int columns : {1, 3, 320, 1280, 2147483647}) {
    for (const long long i :
         {0LL, 1LL, 319LL, 320LL, 2147483648LL, 4294967295LL, 4294967296LL, 4294967297LL, 1LL << 40}) {
      const Element at = element(i, columns);
      EXPECT_EQ(at.row * columns + at.column, i) << columns << " columns";
      EXPECT_TRUE(0 <= at.column && at.column < columns) << i << ", " << columns << " columns";
    }
  }
}

}  // namespace
}  // namespace lstm::cuda
