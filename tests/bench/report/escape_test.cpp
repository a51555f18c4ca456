#include "report/escape.h"

#include <gtest/gtest.h>

#include "report/text_width.h"

namespace lstmbench {
namespace {

TEST(EscapeTerminal, NothingMovesTheCursor) {
  EXPECT_EQ(escape_terminal("\033[31mred\a\r\n\t\x7f"), "\\x1b[31mred\\x07\\x0d\\n\\t\\x7f");
  EXPECT_EQ(escape_terminal("\xc2\x9b"
                            "2J"),
            "\\x9b2J");  // a CSI in one character
  EXPECT_EQ(escape_terminal("h\xc3\xa9llo ×"), "h\xc3\xa9llo ×");
  EXPECT_EQ(escape_terminal("\xff"), "\xef\xbf\xbd");
}

TEST(EscapeTerminal, LogsKeepTheirLines) {
  EXPECT_EQ(escape_terminal_lines("a\nb\tc\033"), "a\nb  c\\x1b");
}

TEST(EscapeMarkdown, NothingIsMarkup) {
  EXPECT_EQ(escape_markdown("a|b<c>&*_`[x](y)\\\n"), "a\\|b&lt;c&gt;&amp;\\*\\_\\`\\[x\\](y)\\\\\\\\n");
}

TEST(EscapeCsv, QuotesWhereNeeded) {
  EXPECT_EQ(escape_csv("plain/1.0"), "plain/1.0");
  EXPECT_EQ(escape_csv("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
}

TEST(EscapeShell, QuotesWhereNeeded) {
  EXPECT_EQ(escape_shell("1x320/CE-short"), "1x320/CE-short");
  EXPECT_EQ(escape_shell("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(escape_shell(""), "''");
}

TEST(TextWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(text_width("abc"), 3);
  EXPECT_EQ(text_width("é×…█"), 4);
  EXPECT_EQ(text_width("日本"), 4);
  EXPECT_EQ(text_width("e\xcc\x81"), 1);  // a combining accent
}

TEST(TextWidth, Shortens) {
  EXPECT_EQ(shortened("abcdef", 6, true), "abcdef");
  EXPECT_EQ(shortened("abcdef", 4, true), "abc…");
  EXPECT_EQ(shortened("日本語", 4, false), "日~");
}

TEST(TextWidth, Wraps) {
  EXPECT_EQ(wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrapped("extraordinary x", 5), (std::vector<std::string>{"extraordinary", "x"}));
  EXPECT_TRUE(wrapped("", 5).empty());
}

}  // namespace
}  // namespace lstmbench
