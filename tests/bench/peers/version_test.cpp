#include "peers/version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lstmbench {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Version, NumbersOfOldAndNewSpellings) {
  EXPECT_THAT(version_numbers("2.0.1+cu117"), ElementsAre(2, 0, 1));
  EXPECT_THAT(version_numbers("0.1.12_2"), ElementsAre(0, 1, 12, 2));
  EXPECT_TRUE(is_same_version("0.3.1post2", "0.3.1.post2"));
  EXPECT_FALSE(is_same_version("1.10.2", "1.1.02"));
  EXPECT_THAT(version_numbers(""), IsEmpty());
  EXPECT_EQ(version_numbers("99999999999999999999").size(), 1U);  // too large for an int: no crash
}

TEST(Version, OrderIsByNumberNotByText) {
  EXPECT_TRUE(is_earlier_version("1.4.0", "1.10.2"));
  EXPECT_TRUE(is_earlier_version("2.8.0", "2.15.0"));
  EXPECT_FALSE(is_earlier_version("2.0.1", "2.0.1+cpu"));
}

TEST(Version, NearestAreTheNeighbours) {
  const std::vector<std::string> existing{"2.15.0", "1.0.0", "1.10.2", "1.0.1", "1.1.0"};
  EXPECT_THAT(nearest_versions("1.0.5", existing), ElementsAre("1.0.1", "1.1.0"));
  EXPECT_THAT(nearest_versions("0.4.0", existing), ElementsAre("1.0.0"));
  EXPECT_THAT(nearest_versions("9.9", existing), ElementsAre("2.15.0"));
  EXPECT_THAT(nearest_versions("1.0", {}), IsEmpty());
}

TEST(Version, NamesThatBecomeFoldersStayInTheirFolder) {
  EXPECT_TRUE(is_plain_name("torch-1.0.0-python2.7"));
  for (const char* name : {"", "..", "../x", "a/b", "-rf", "a b", ".hidden"})
    EXPECT_FALSE(is_plain_name(name)) << name;
}

TEST(Version, MinorVersion) {
  EXPECT_EQ(minor_version("3.10.13"), "3.10");
  EXPECT_EQ(minor_version("3.7"), "3.7");
  EXPECT_EQ(minor_version(""), "");
}

}  // namespace
}  // namespace lstmbench
