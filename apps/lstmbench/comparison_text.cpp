#include "comparison_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "comparison_words.h"
#include "report/escape.h"
#include "report/text_width.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

constexpr const char* nothing_differs =
    "Both runs: the same machine, the same libraries, measured in the same way.";
constexpr int least_name_width = 20;

const char* color_of(const ComparedCase& compared) {
  if (compared.became_worse || compared.verdict == Verdict::slower) return "31";
  if (compared.verdict == Verdict::faster) return "32";
  return compared.verdict == Verdict::equivalent ? "0" : "33";
}

// Of all tables together, so that they stand below each other. What does not fit is taken from the names.
using Widths = std::array<int, std::tuple_size_v<ComparisonCells>>;
Widths widths_of(const std::vector<ComparisonCells>& rows, int columns) {
  Widths widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], text_width(escape_terminal(row[i])));
  int rest = 2 * (static_cast<int>(widths.size()) - 1);
  for (std::size_t i = 1; i < widths.size(); ++i) rest += widths[i];
  widths[0] = std::min(widths[0], std::max(least_name_width, columns - rest));
  return widths;
}

std::string line_of(const ComparisonCells& row, const Widths& widths, const TerminalStyle& style,
                    const char* verdict_color) {
  std::string line = pad_right(shortened(escape_terminal(row[0]), widths[0], style.uses_unicode), widths[0]);
  for (std::size_t i = 1; i + 1 < row.size(); ++i) line += "  " + pad_left(row[i], widths[i]);
  if (row.back().empty()) return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  return line + "  " + painted(style, verdict_color, row.back()) + "\n";
}

}  // namespace

std::string comparison_for_terminal(const RunComparison& comparison, bool uses_anchor,
                                    const TerminalStyle& style) {
  std::string text;
  const auto paragraph = [&](const std::string& words, const std::string& indent) {
    for (const auto& line : wrapped(escape_terminal(words), style.width - text_width(indent)))
      text += indent + line + "\n";
  };
  const auto or_none = [](const std::string& value) { return value.empty() ? "(none)" : value; };
  text += comparison.environment.empty() ? std::string(nothing_differs) + "\n"
                                         : painted(style, "1", "What differs") + "\n";
  for (const auto& difference : comparison.environment)
    paragraph(
        fmt::format("{}: {} > {}", difference.name, or_none(difference.first), or_none(difference.second)),
        "  ");
  const CommonVersions common = common_versions(comparison);
  paragraph(common_versions_text(common), "");
  for (const auto& warning : comparison.warnings) paragraph("! " + warning, "");

  std::vector<ComparisonCells> rows{comparison_header(uses_anchor)};
  for (const auto& compared : comparison.cases)
    if (compared.is_in_both) rows.push_back(cells_of(compared, common, uses_anchor));
  const Widths widths = widths_of(rows, style.width);
  std::string table;
  for (const auto& compared : comparison.cases) {
    if (!compared.is_in_both) continue;
    if (table_of(compared.a_case) != table) {
      table = table_of(compared.a_case);
      text += "\n" + painted(style, "1", escape_terminal(table)) + "\n";
      text += line_of(rows.front(), widths, style, "0");
    }
    text += line_of(cells_of(compared, common, uses_anchor), widths, style, color_of(compared));
    if (!has_shared_note(compared)) paragraph(compared.note, "  ");
  }
  text += "\n";
  const std::vector<std::string> notes = shared_notes(comparison, common);
  for (const auto& note : notes) paragraph(note, "");
  if (!notes.empty()) text += "\n";
  paragraph(comparison_explanation(), "");
  return text;
}

std::string comparison_as_markdown(const RunComparison& comparison, bool uses_anchor) {
  std::string text = "# Comparison of two runs\n\n";
  if (comparison.environment.empty()) {
    text += std::string(nothing_differs) + "\n";
  } else {
    text += "| what differs | before | after |\n|---|---|---|\n";
    for (const auto& difference : comparison.environment)
      text += fmt::format("| {} | {} | {} |\n", escape_markdown(difference.name),
                          escape_markdown(difference.first), escape_markdown(difference.second));
  }
  const CommonVersions common = common_versions(comparison);
  if (!common.empty()) text += fmt::format("\n{}\n", escape_markdown(common_versions_text(common)));
  for (const auto& warning : comparison.warnings) text += fmt::format("\n> {}\n", escape_markdown(warning));
  const auto add_row = [&](const ComparisonCells& cells) {
    for (const auto& cell : cells) text += "| " + cell + " ";
    text += "|\n";
  };
  std::string table;
  for (const auto& compared : comparison.cases) {
    if (!compared.is_in_both) continue;
    if (table_of(compared.a_case) != table) {
      table = table_of(compared.a_case);
      text += fmt::format("\n## {}\n\n", escape_markdown(table));
      add_row(comparison_header(uses_anchor));
      text += "|---|--:|--:|--:|--:|---|\n";
    }
    ComparisonCells cells = cells_of(compared, common, uses_anchor);
    for (std::string* cell : {&cells.front(), &cells.back()}) *cell = escape_markdown(*cell);
    if (compared.became_worse || compared.verdict == Verdict::slower)
      cells.back() = "**" + cells.back() + "**";
    if (!compared.note.empty() && !has_shared_note(compared))
      cells.back() += (cells.back().empty() ? "" : ": ") + escape_markdown(compared.note);
    add_row(cells);
  }
  for (const auto& note : shared_notes(comparison, common))
    text += fmt::format("\n{}\n", escape_markdown(note));
  return text + fmt::format("\n{}\n", comparison_explanation());
}

}  // namespace lstmbench
