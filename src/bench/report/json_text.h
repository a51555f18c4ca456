// A JSON document, written from its start to its end: a tree of values, which would hold all steps of a long
// run once more, is never made.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>

namespace lstmbench {

class JsonText {
 public:
  // An object ('{') or an array ('['): as the document, a field's value or an element; and its end.
  void open(char bracket);
  void close();
  // The value follows.
  void key(std::string_view name);
  // A text, a number (null where it is not finite), true or false, or an optional one of these.
  template <typename T>
  void value(const T& content) {
    if constexpr (std::is_same_v<T, bool>)
      write(content ? "true" : "false");
    else if constexpr (std::is_integral_v<T>)
      write(fmt::to_string(content));
    else if constexpr (std::is_floating_point_v<T>)
      write_number(content);
    else if constexpr (std::is_convertible_v<const T&, std::string_view>)
      write_text(content);
    else if (content)
      value(*content);
    else
      write("null");
  }
  template <typename T>
  void field(std::string_view name, const T& content) {
    key(name);
    value(content);
  }

  // Of the whole document.
  const std::string& text() const { return text_; }

 private:
  void begin_value();
  void begin_line();
  void write(std::string_view content);
  void write_number(double number);
  void write_text(std::string_view content);
  void append_quoted(std::string_view content);

  std::string text_;
  std::string closing_;   // brackets of what is open
  bool is_first_ = true;  // in what is open
  bool has_key_ = false;
};

}  // namespace lstmbench
