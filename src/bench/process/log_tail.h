// The end of what a program wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lstmbench {

class LogTail {
 public:
  static constexpr std::size_t capacity = 64 * 1024;  // bytes kept

  void append(std::string_view bytes);
  // Valid UTF-8; where something was dropped, it starts at a whole character.
  std::string text() const;

 private:
  std::string bytes_;  // up to twice the capacity, so that dropping is rare
  bool has_dropped_ = false;
};

}  // namespace lstmbench
