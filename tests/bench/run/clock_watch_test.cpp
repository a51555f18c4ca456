#include "run/clock_watch.h"

#include <gtest/gtest.h>

namespace lstmbench {
namespace {

TEST(ClockWatch, NoticesThatTheClockWasSet) {
  ClockWatch watch(1000);
  EXPECT_FALSE(watch.step_s(1000.2));  // slewed
  EXPECT_DOUBLE_EQ(*watch.step_s(4600.2), 3600);
  EXPECT_FALSE(watch.step_s(4600.2));  // once
  EXPECT_DOUBLE_EQ(*watch.step_s(1000.2), -3600);
}

TEST(ClockWatch, TheOffsetStandsStillWhereNobodySetsTheClock) {
  ClockWatch watch(wall_clock_offset_s());
  EXPECT_FALSE(watch.step_s(wall_clock_offset_s()));
}

}  // namespace
}  // namespace lstmbench
