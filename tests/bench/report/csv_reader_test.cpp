#include "report/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace lstmbench {
namespace {

using Records = std::vector<std::vector<std::string>>;

Records read(std::string_view text) {
  CsvReader reader(text);
  Records records;
  for (std::vector<std::string> fields; reader.next(fields);) records.push_back(fields);
  return records;
}

TEST(CsvReader, ReadsFieldsAndRecords) {
  EXPECT_EQ(read("a,b\nc,d\n"), (Records{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(read("a,b\r\nc,d"), (Records{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "a,,\n\n\r\n,b"),
            (Records{{"a", "", ""}, {"", "b"}}));
  EXPECT_EQ(read(""), Records{});
  EXPECT_EQ(read("\n\n"), Records{});
  EXPECT_EQ(read("a,"), (Records{{"a", ""}}));
}

TEST(CsvReader, QuotedFieldsHoldEverything) {
  EXPECT_EQ(read("\"a,\"\"b\"\"\nc\",d\n"), (Records{{"a,\"b\"\nc", "d"}}));
  EXPECT_EQ(read("\"\",x"), (Records{{"", "x"}}));
  EXPECT_THROW(read("a,\"b"), std::invalid_argument);
  EXPECT_THROW(read("\"a\"b,c"), std::invalid_argument);
}

TEST(CsvReader, KnowsItsLine) {
  CsvReader reader("a\n\n\"b\nb\"\nc\n");
  std::vector<std::string> fields;
  std::vector<int> lines;
  while (reader.next(fields)) lines.push_back(reader.line());
  EXPECT_THAT(lines, testing::ElementsAre(1, 3, 5));
}

}  // namespace
}  // namespace lstmbench
