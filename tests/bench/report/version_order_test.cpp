#include "report/version_order.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace lstmbench {
namespace {

TEST(VersionOrder, NumbersCountAsNumbers) {
  const std::array sorted{"",
                          "0.1.12_2",
                          "0.1.12_10",
                          "0.2.0",
                          "0.10.0",
                          "1.9",
                          "1.10.0",
                          "1.10.0+cpu",
                          "1.10.0.post1",
                          "2.0.0",
                          "2.15.0",
                          "10",
                          "99999999999999999999",
                          "100000000000000000000",
                          "v1"};
  for (std::size_t i = 0; i < sorted.size(); ++i)
    for (std::size_t j = 0; j < sorted.size(); ++j)
      EXPECT_EQ(is_older(sorted[i], sorted[j]), i < j) << sorted[i] << " and " << sorted[j];
}

TEST(VersionOrder, LeadingZerosDoNotCount) {
  EXPECT_FALSE(is_older("1.02", "1.2"));
  EXPECT_FALSE(is_older("1.2", "1.02"));
  EXPECT_TRUE(is_older("1.02", "1.3"));
  EXPECT_FALSE(is_older("000", "0"));
  EXPECT_TRUE(is_older("2024.01.31", "2024.02"));
}

TEST(VersionOrder, AnyTextHasAPlace) {
  const std::string with_zero("1.0\0a", 5);
  EXPECT_TRUE(is_older("1.0", with_zero));
  EXPECT_FALSE(is_older("\xff\xfe", "\xff\xfe"));
  EXPECT_NE(is_older("\xff", "<b>"), is_older("<b>", "\xff"));
}

}  // namespace
}  // namespace lstmbench
