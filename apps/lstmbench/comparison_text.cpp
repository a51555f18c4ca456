#include "comparison_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/escape.h"
#include "report/numbers.h"
#include "report/text_width.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

std::string value(const std::optional<double>& value, bool uses_anchor) {
  if (!value) return "";
  return uses_anchor ? format_ratio(*value) : format_milliseconds(*value);
}

std::string change(const ComparedCase& compared) {
  if (!compared.ratio) return "";
  std::string text = fmt::format("{:+.1f} %", 100 * (compared.ratio->ratio - 1));
  if (const auto& interval = compared.ratio->interval)
    text += fmt::format(" ({:+.1f} to {:+.1f})", 100 * (interval->low - 1), 100 * (interval->high - 1));
  return text;
}

std::string name_of(const ComparedCase& compared) {
  std::string name = compared.a_case.implementation + " " + compared.first_version;
  if (compared.first_version.empty())
    name += compared.second_version;
  else if (!compared.second_version.empty() && compared.second_version != compared.first_version)
    name += " > " + compared.second_version;
  return name;
}

std::string verdict_of(const ComparedCase& compared) {
  return compared.verdict ? to_string(*compared.verdict) : compared.note;
}

const char* color_of(const ComparedCase& compared) {
  if (compared.became_worse || compared.verdict == Verdict::slower) return "31";
  if (compared.verdict == Verdict::faster) return "32";
  return compared.verdict == Verdict::equivalent ? "0" : "33";
}

constexpr const char* explanation =
    "Change: second over first, median of all pairs of rounds, with its 95 % interval (Hodges and Lehmann). "
    "Verdicts: "
    "rank-sum test with Holm's correction for all cases; EQUIVALENT where the interval lies within the "
    "margin.";

}  // namespace

std::string comparison_for_terminal(const RunComparison& comparison, bool uses_anchor,
                                    const TerminalStyle& style) {
  std::string text;
  const auto paragraph = [&](const std::string& words, const std::string& indent) {
    for (const auto& line : wrapped(escape_terminal(words), style.width - text_width(indent)))
      text += indent + line + "\n";
  };
  if (comparison.environment.empty())
    text += "Both runs had the same machine, libraries and options.\n";
  else
    text += painted(style, "1", "What differs") + "\n";
  for (const auto& difference : comparison.environment)
    paragraph(
        fmt::format("{}: {} > {}", difference.name, difference.first.empty() ? "(none)" : difference.first,
                    difference.second.empty() ? "(none)" : difference.second),
        "  ");
  for (const auto& warning : comparison.warnings) paragraph("! " + warning, "");
  // Two times, the change and the verdict take the rest of a line.
  constexpr int rest_of_line = 56;
  int name_width = 0;
  for (const auto& compared : comparison.cases)
    name_width = std::max(name_width, text_width(escape_terminal(name_of(compared))));
  name_width = std::min(name_width, std::max(20, style.width - rest_of_line));
  std::string table;
  for (const auto& compared : comparison.cases) {
    if (table_of(compared.a_case) != table) {
      table = table_of(compared.a_case);
      text += "\n" + painted(style, "1", escape_terminal(table)) + "\n";
    }
    const std::string name =
        pad_right(shortened(escape_terminal(name_of(compared)), name_width, style.uses_unicode), name_width);
    text += fmt::format("{} {} {}  {}  ", name, pad_left(value(compared.first_ns, uses_anchor), 7),
                        pad_left(value(compared.second_ns, uses_anchor), 7), pad_right(change(compared), 25));
    text += painted(style, color_of(compared), compared.verdict ? to_string(*compared.verdict) : "") + "\n";
    if (!compared.verdict) paragraph(compared.note, "  ");
  }
  text += "\n";
  paragraph(explanation, "");
  return text;
}

std::string comparison_as_markdown(const RunComparison& comparison, bool uses_anchor) {
  std::string text = "# Comparison of two runs\n\n";
  if (comparison.environment.empty()) {
    text += "Both runs had the same machine, libraries and options.\n";
  } else {
    text += "| what differs | first | second |\n|---|---|---|\n";
    for (const auto& difference : comparison.environment)
      text += fmt::format("| {} | {} | {} |\n", escape_markdown(difference.name),
                          escape_markdown(difference.first), escape_markdown(difference.second));
  }
  for (const auto& warning : comparison.warnings) text += fmt::format("\n> {}\n", escape_markdown(warning));
  std::string table;
  for (const auto& compared : comparison.cases) {
    if (table_of(compared.a_case) != table) {
      table = table_of(compared.a_case);
      text += fmt::format(
          "\n## {}\n\n| implementation | first{} | second | change | verdict |\n|---|--:|--:|--:|---|\n",
          escape_markdown(table), uses_anchor ? ", of the anchor" : ", ms");
    }
    const bool is_bold = compared.became_worse || compared.verdict == Verdict::slower;
    const std::string verdict = escape_markdown(verdict_of(compared));
    text += fmt::format("| {} | {} | {} | {} | {} |\n", escape_markdown(name_of(compared)),
                        value(compared.first_ns, uses_anchor), value(compared.second_ns, uses_anchor),
                        change(compared), is_bold ? "**" + verdict + "**" : verdict);
  }
  return text + fmt::format("\n{}\n", explanation);
}

}  // namespace lstmbench
