#include "protocol/text.h"

#include <fmt/format.h>

namespace lstmbench {
namespace {

// Bytes of the well-formed character at the start, 0 where there is none (Unicode 15, table 3-7).
std::size_t character_size(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < s.size() && byte(i) >= low && byte(i) <= high;
  };
  if (s.empty()) return 0;
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

std::string escaped(std::string_view bytes, bool keeps_line_feeds) {
  std::string result;
  while (!bytes.empty()) {
    const std::size_t size = character_size(bytes);
    const auto first = static_cast<unsigned char>(bytes[0]);
    // C1 controls (U+0080 to U+009F) move cursors as well as C0 ones do.
    const bool is_c1 = size == 2 && first == 0xC2 && static_cast<unsigned char>(bytes[1]) < 0xA0;
    if (first == '\n') {
      result += keeps_line_feeds ? "\n" : "\\n";
    } else if (first == '\t') {
      result += keeps_line_feeds ? " " : "\\t";
    } else if (size == 0 || first < 0x20 || first == 0x7F || is_c1) {
      for (const char c : bytes.substr(0, is_c1 ? 2 : 1))
        result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += bytes.substr(0, size);
    }
    bytes.remove_prefix(size == 0 ? 1 : size);
  }
  return result;
}

// At most `longest` bytes, not cut inside a character.
std::string_view start_of(std::string_view bytes, std::size_t longest) {
  if (bytes.size() <= longest) return bytes;
  std::size_t end = longest;
  while (end > 0 && longest - end < 3 && (static_cast<unsigned char>(bytes[end]) & 0xC0) == 0x80) --end;
  return bytes.substr(0, end);
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = character_size(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string result;
  result.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t size = character_size(bytes);
    if (size == 0)
      result += "\xEF\xBF\xBD";
    else
      result += bytes.substr(0, size);
    bytes.remove_prefix(size == 0 ? 1 : size);
  }
  return result;
}

std::string in_quotes(std::string_view bytes, std::size_t longest) {
  std::string result = "'" + escaped(start_of(bytes, longest), false) + "'";
  if (bytes.size() > longest) result += fmt::format("... ({} bytes)", bytes.size());
  return result;
}

std::string printable(std::string_view message, std::size_t longest) {
  std::string result = escaped(start_of(message, longest), true);
  if (message.size() > longest) result += fmt::format("... ({} bytes)", message.size());
  return result;
}

}  // namespace lstmbench
