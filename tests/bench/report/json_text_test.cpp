#include "report/json_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace lstmbench {
namespace {

TEST(JsonText, IsIndentedByOneSpace) {
  JsonText json;
  json.open('{');
  json.field("name", "a");
  json.key("empty");
  json.open('[');
  json.close();
  json.key("list");
  json.open('[');
  json.value(1);
  json.open('{');
  json.field("inner", true);
  json.close();
  json.open('{');
  json.close();
  json.close();
  json.field("last", std::optional<double>());
  json.close();
  EXPECT_EQ(json.text(), R"({
 "name": "a",
 "empty": [],
 "list": [
  1,
  {
   "inner": true
  },
  {}
 ],
 "last": null
})");
}

std::string text_of(double number) {
  JsonText json;
  json.value(number);
  return json.text();
}

TEST(JsonText, NumbersAreReadBackAsTheyWere) {
  for (const double number : {0.0, -0.5, 60e6, 1.0 / 3, 2e-7, 1e15, 1e300, 5e-324})
    EXPECT_EQ(nlohmann::json::parse(text_of(number)), nlohmann::json(number)) << text_of(number);
  EXPECT_EQ(text_of(60e6), "60000000.0");  // stays a number with a fraction for who tells them apart
  EXPECT_EQ(text_of(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(text_of(-std::numeric_limits<double>::infinity()), "null");
  JsonText whole;
  whole.value(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(whole.text(), "-9223372036854775808");
}

TEST(JsonText, AnyBytesAreAText) {
  std::string bytes;
  for (int byte = 0; byte < 0x80; ++byte) bytes += static_cast<char>(byte);
  bytes += "é×…\U0001f600";
  JsonText json;
  json.open('{');
  json.field(bytes, bytes);
  json.close();
  EXPECT_EQ(nlohmann::json::parse(json.text()).at(bytes), bytes);
  JsonText invalid;
  invalid.value(std::string("a\xff"));
  EXPECT_EQ(invalid.text(), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace lstmbench
