#include "report/json_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "report/escape.h"

namespace lstmbench {

void JsonText::open(char bracket) {
  begin_value();
  text_ += bracket;
  closing_ += bracket == '{' ? '}' : ']';
  is_first_ = true;
}

void JsonText::close() {
  const char bracket = closing_.back();
  closing_.pop_back();
  if (!is_first_) text_.append(1, '\n').append(closing_.size(), ' ');
  text_ += bracket;
  is_first_ = false;
}

void JsonText::key(std::string_view name) {
  begin_line();
  append_quoted(name);
  text_ += ": ";
  has_key_ = true;
}

void JsonText::begin_value() {
  if (!std::exchange(has_key_, false) && !closing_.empty()) begin_line();
}

void JsonText::begin_line() {
  text_ += std::exchange(is_first_, false) ? "\n" : ",\n";
  text_.append(closing_.size(), ' ');
}

void JsonText::write(std::string_view content) {
  begin_value();
  text_ += content;
}

void JsonText::write_number(double number) {
  if (!std::isfinite(number)) return write("null");
  std::string digits = fmt::to_string(number);
  if (digits.find_first_of(".e") == std::string::npos) digits += ".0";  // no whole number for its reader
  write(digits);
}

void JsonText::write_text(std::string_view content) {
  begin_value();
  append_quoted(content);
}

void JsonText::append_quoted(std::string_view content) {
  const bool is_plain = std::all_of(content.begin(), content.end(),
                                    [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
  text_ += '"';
  if (is_plain)
    text_ += content;
  else
    text_ += escape_json(content);
  text_ += '"';
}

}  // namespace lstmbench
