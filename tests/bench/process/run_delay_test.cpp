#include "process/run_delay.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace lstmbench {
namespace {

TEST(RunDelay, GrowsAndIsNothingOfAProcessThatIsNotThere) {
  const std::int64_t before = run_delay_ns(getpid());
  EXPECT_GE(before, 0);
  EXPECT_GE(run_delay_ns(getpid()), before);
  EXPECT_EQ(run_delay_ns(-1), 0);
}

}  // namespace
}  // namespace lstmbench
