#include "run/progress.h"

#include <fmt/format.h>

#include "report/escape.h"
#include "report/text_width.h"

namespace lstmbench {
namespace {

constexpr const char* clear_line = "\r\033[K";
constexpr int bar_cells = 10;

std::string bar(int done, int total, bool uses_unicode) {
  const int filled = total > 0 ? done * bar_cells / total : 0;
  std::string text;
  for (int i = 0; i < bar_cells; ++i)
    text += i < filled ? (uses_unicode ? "━" : "#") : (uses_unicode ? "╌" : "-");
  return text;
}

}  // namespace

TerminalProgress::TerminalProgress(std::FILE* terminal, int width, bool uses_color, bool uses_unicode)
    : terminal_(terminal), width_(width), uses_color_(uses_color), uses_unicode_(uses_unicode) {}

TerminalProgress::~TerminalProgress() {
  clear();
}

void TerminalProgress::clear() {
  if (is_line_open_) std::fputs(clear_line, terminal_);
  std::fflush(terminal_);
  is_line_open_ = false;
}

void TerminalProgress::show(const ProgressPosition& position) {
  const std::string left =
      position.left_s < 0 ? "" : fmt::format("{} left", format_duration(position.left_s));
  std::string line =
      fmt::format("{} {} {}/{}", position.phase, bar(position.done, position.total, uses_unicode_),
                  std::min(position.done + 1, position.total), position.total);
  std::string rest = escape_terminal(position.subject);
  if (!position.detail.empty()) rest += (uses_unicode_ ? " · " : ", ") + position.detail;
  const int room =
      width_ - 1 - text_width(line) - text_width(left) - 4;  // two spaces on either side of the rest
  const std::string middle = room > 3 ? pad_right(shortened(rest, room, uses_unicode_), room) : "";
  line = fmt::format("{}{}{}  {}  {}{}{}", line, uses_color_ ? "\033[0m" : "", "", middle,
                     uses_color_ ? "\033[2m" : "", left, uses_color_ ? "\033[0m" : "");
  if (is_line_open_ && line == shown_) return;
  std::fputs(clear_line, terminal_);
  std::fputs(line.c_str(), terminal_);
  std::fflush(terminal_);
  shown_ = line;
  is_line_open_ = true;
}

void TerminalProgress::say(const std::string& line) {
  clear();
  std::fprintf(terminal_, "%s\n", escape_terminal(line).c_str());
  std::fflush(terminal_);
}

void PlainProgress::show(const ProgressPosition& position) {
  const std::string line =
      fmt::format("{} {}/{}{}{}", position.phase, std::min(position.done + 1, position.total), position.total,
                  position.subject.empty() ? "" : ": ", escape_terminal(position.subject));
  if (line == last_) return;  // only the detail moved on
  last_ = line;
  const std::string left =
      position.left_s < 0 ? "" : fmt::format(" ({} left)", format_duration(position.left_s));
  std::fprintf(file_, "%s%s\n", line.c_str(), left.c_str());
  std::fflush(file_);
}

void PlainProgress::say(const std::string& line) {
  std::fprintf(file_, "%s\n", escape_terminal(line).c_str());
  std::fflush(file_);
}

}  // namespace lstmbench
