#include "report/text_width.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace lstmbench {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
};

CodePoint decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) return {lead, 1};
  std::uint32_t value = lead & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  return {value, bytes};
}

struct Range {
  std::uint32_t first, last;
};
// The blocks of Unicode 15 that matter in practice, not its whole tables.
constexpr std::array no_columns{Range{0x300, 0x36f},   Range{0x200b, 0x200f}, Range{0x202a, 0x202e},
                                Range{0x2060, 0x2064}, Range{0xfe00, 0xfe0f}, Range{0xfeff, 0xfeff}};
constexpr std::array two_columns{Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},   Range{0x3041, 0xa4cf},
                                 Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},
                                 Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},   Range{0x1f300, 0x1f64f},
                                 Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd}};

template <typename Ranges>
bool is_in(const Ranges& ranges, std::uint32_t value) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return value >= range.first && value <= range.last; });
}

int columns_of(std::uint32_t value) {
  return is_in(no_columns, value) ? 0 : is_in(two_columns, value) ? 2 : 1;
}

}  // namespace

int text_width(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const CodePoint point = decode(text);
    columns += columns_of(point.value);
    text.remove_prefix(point.bytes);
  }
  return columns;
}

std::string shortened(std::string_view text, int columns, bool uses_unicode) {
  if (text_width(text) <= columns) return std::string(text);
  if (columns < 1) return "";
  std::string result;
  int used = 0;
  while (!text.empty()) {
    const CodePoint point = decode(text);
    if (used + columns_of(point.value) > columns - 1) break;
    used += columns_of(point.value);
    result += text.substr(0, point.bytes);
    text.remove_prefix(point.bytes);
  }
  return result + (uses_unicode ? "…" : "~");
}

std::string pad_left(std::string_view text, int columns) {
  return std::string(static_cast<std::size_t>(std::max(0, columns - text_width(text))), ' ') +
         std::string(text);
}

std::string pad_right(std::string_view text, int columns) {
  return std::string(text) +
         std::string(static_cast<std::size_t>(std::max(0, columns - text_width(text))), ' ');
}

std::vector<std::string> wrapped(std::string_view text, int columns) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && text_width(line) + 1 + text_width(word) > columns) {
      lines.push_back(line);
      line.clear();
    }
    if (!word.empty()) line += (line.empty() ? "" : " ") + std::string(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace lstmbench
