#include "protocol/text.h"

#include <gtest/gtest.h>

namespace lstmbench {
namespace {

TEST(Utf8, WellFormedCharactersOfEverySizeAndNothingElse) {
  for (const char* good : {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF",
                           "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  // A lone continuation, overlong forms, surrogates, beyond U+10FFFF, cut off.
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xF0\x9F\x98", "\xC3", "a\xFF"})
    EXPECT_FALSE(is_valid_utf8(bad)) << in_quotes(bad);
}

TEST(Utf8, EachBadByteBecomesAReplacementCharacter) {
  EXPECT_EQ(to_valid_utf8("a\xFF\xC3\xA9\xE2\x82z"), "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBDz");
}

TEST(InQuotes, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(in_quotes("a\x1b[2J\n\t\x7f\xC2\x9B\xC3\xA9\xFF"),
            "'a\\x1b[2J\\n\\t\\x7f\\xc2\\x9b\xC3\xA9\\xff'");
  EXPECT_EQ(in_quotes(std::string(3, '\0')), "'\\x00\\x00\\x00'");
}

TEST(InQuotes, ShortensBetweenCharacters) {
  EXPECT_EQ(in_quotes("abcdef", 4), "'abcd'... (6 bytes)");
  EXPECT_EQ(in_quotes("abc\xC3\xA9z", 4), "'abc'... (6 bytes)");
  EXPECT_EQ(in_quotes("abcd", 4), "'abcd'");
}

TEST(Printable, KeepsLinesAndNothingThatMovesTheCursor) {
  EXPECT_EQ(printable("two\nlines\r\x1b"), "two\nlines\\x0d\\x1b");
  EXPECT_EQ(printable("abcdef", 3), "abc... (6 bytes)");
}

}  // namespace
}  // namespace lstmbench
