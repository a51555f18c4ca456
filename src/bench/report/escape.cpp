#include "report/escape.h"

#include <fmt/format.h>

#include "protocol/text.h"

namespace lstmbench {
namespace {

std::string escape_controls(std::string_view text, bool keeps_lines) {
  std::string result;
  const std::string valid = to_valid_utf8(text);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    const auto following = i + 1 < valid.size() ? static_cast<unsigned char>(valid[i + 1]) : 0u;
    if (byte == '\n') {
      result += keeps_lines ? "\n" : "\\n";
    } else if (byte == '\t') {
      result += keeps_lines ? "  " : "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xc2 && following >= 0x80 && following < 0xa0) {  // C1 in UTF-8: 0x9b is a CSI
      result += fmt::format("\\x{:02x}", following);
      ++i;
    } else {
      result += valid[i];
    }
  }
  return result;
}

}  // namespace

std::string escape_terminal(std::string_view text) {
  return escape_controls(text, false);
}
std::string escape_terminal_lines(std::string_view text) {
  return escape_controls(text, true);
}

std::string escape_markdown(std::string_view text) {
  std::string result;
  for (const char character : escape_controls(text, false)) {
    switch (character) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '\\':
      case '`':
      case '*':
      case '_':
      case '{':
      case '}':
      case '[':
      case ']':
      case '#':
      case '|':
      case '~':
      case '!':
        result += '\\';
        [[fallthrough]];
      default:
        result += character;
    }
  }
  return result;
}

std::string escape_html(std::string_view text, bool keeps_lines) {
  std::string result;
  for (const char character : escape_controls(text, keeps_lines)) {
    switch (character) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += character;
    }
  }
  return result;
}

std::string escape_csv(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string result = "\"";
  for (const char character : text) result += character == '"' ? "\"\"" : std::string(1, character);
  return result + "\"";
}

std::string escape_shell(std::string_view text) {
  constexpr std::string_view harmless =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=:,./@%";
  if (!text.empty() && text.find_first_not_of(harmless) == std::string_view::npos) return std::string(text);
  std::string result = "'";
  for (const char character : text) result += character == '\'' ? "'\\''" : std::string(1, character);
  return result + "'";
}

}  // namespace lstmbench
