#include "report/name_list.h"

#include <gtest/gtest.h>

namespace lstmbench {
namespace {

TEST(NameList, HasEachNameOnceAndNotTooMany) {
  EXPECT_EQ(name_list({}), "");
  EXPECT_EQ(name_list({"a"}), "a");
  EXPECT_EQ(name_list({"a", "b", "a"}), "a, b");
  EXPECT_EQ(name_list({"a", "b", "c", "d", "e"}), "a, b, c, d, e");
  EXPECT_EQ(name_list({"a", "b", "c", "d", "e", "f", "f"}), "a, b, c, d and 2 more");
  EXPECT_EQ(name_list({"a", "b", "c"}, 1, "; "), "a and 2 more");
  EXPECT_EQ(name_list({"a, 1", "b, 2"}, 4, "; "), "a, 1; b, 2");
}

}  // namespace
}  // namespace lstmbench
