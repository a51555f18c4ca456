#include "process/log_tail.h"

#include <gtest/gtest.h>

#include <random>

namespace lstmbench {
namespace {

TEST(LogTail, KeepsTheEnd) {
  LogTail log;
  EXPECT_EQ(log.text(), "");
  log.append("hello ");
  log.append("world");
  EXPECT_EQ(log.text(), "hello world");
}

TEST(LogTail, IsTheLast64KiBHoweverTheyCome) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::string all;
  LogTail log;
  for (int i = 0; i < 60; ++i) {
    const std::string piece(random() % (i % 10 == 0 ? 200'000 : 9'000), static_cast<char>('a' + i % 26));
    all += piece;
    log.append(piece);
    const std::size_t kept = std::min(all.size(), LogTail::capacity);
    ASSERT_EQ(log.text(), all.substr(all.size() - kept)) << "after piece " << i;
  }
}

TEST(LogTail, StartsAtAWholeCharacterAndReplacesBadBytes) {
  LogTail cut;
  cut.append("\xE2\x82\xAC" + std::string(LogTail::capacity - 1, 'x'));  // the last byte of the sign is kept
  EXPECT_EQ(cut.text(), std::string(LogTail::capacity - 1, 'x'));
  LogTail bad;
  bad.append("a\xFFz");
  EXPECT_EQ(bad.text(), "a\xEF\xBF\xBDz");
}

}  // namespace
}  // namespace lstmbench
