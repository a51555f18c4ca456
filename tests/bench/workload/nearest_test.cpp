#include "workload/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace lstmbench {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3u);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2u);
  EXPECT_EQ(edit_distance("rnu", "run"), 1u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);
}

TEST(Nearest, IsTheMostAlikeOrNothing) {
  const std::vector<std::string> names = {"1x320/CE-short", "1x320/CE-long", "4x320/CTC-long"};
  EXPECT_EQ(nearest("1x320/CE-lnog", names), "1x320/CE-long");
  EXPECT_EQ(nearest("4X320/ctc-long", names), "4x320/CTC-long");
  EXPECT_EQ(nearest("ctc", names), "4x320/CTC-long");
  EXPECT_EQ(nearest("quite another thing altogether", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(nearest(std::string(100000, 'x'), names), "");
}

TEST(DidYouMean, IsAQuestionOrNothing) {
  const std::vector<std::string> names = {"units", "layers"};
  EXPECT_EQ(did_you_mean("unit", names), "; did you mean 'units'?");
  EXPECT_EQ(did_you_mean("zebra crossing", names), "");
}

}  // namespace
}  // namespace lstmbench
