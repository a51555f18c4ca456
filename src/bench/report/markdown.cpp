#include "report/markdown.h"

#include <fmt/format.h>

#include <cmath>

#include "report/escape.h"
#include "report/library_table.h"
#include "report/numbers.h"
#include "report/series.h"
#include "report/version_matrix.h"
#include "report/winner.h"

namespace lstmbench {
namespace {

std::string relative_cell(const ReportRow& row) {
  if (!row.relative) return "";
  std::string text = format_ratio(row.relative->ratio) + "×";
  if (row.relative->interval && !row.is_reference)
    text += fmt::format(" ({}–{})", format_ratio(row.relative->interval->low),
                        format_ratio(row.relative->interval->high));
  if (row.verdict) text += " " + to_string(*row.verdict);
  return text;
}

std::string table_row(const ReportRow& row, bool shows_whole_steps) {
  const std::string mark = row.is_reference ? "**" : "";
  std::string text = fmt::format("| {}{}{} | {} |", mark, escape_markdown(row.a_case.implementation), mark,
                                 escape_markdown(row.a_case.version));
  if (!row.is_ranked())
    return text +
           fmt::format(" | | | | | {}: {} | |\n", escape_markdown(row.status), escape_markdown(row.message));
  text += shows_whole_steps ? fmt::format(" {} ± {} |", format_milliseconds(*row.total_mean_ns),
                                          format_milliseconds(*row.total_deviation_ns))
                            : fmt::format(" {}{} |", row.is_cold ? "\\*" : "",
                                          format_milliseconds(*row.headline_median_ns));
  text += fmt::format(" {} | {} | {} |", relative_cell(row), row.gflops ? format_gflops(*row.gflops) : "",
                      row.peak_percent ? fmt::format("{:.0f} %", *row.peak_percent) : "");
  text += fmt::format(" {} | {} |", row.check ? format_error(row.check->worst_error) : "",
                      escape_markdown(row.status));
  return text + fmt::format(" {} |\n", row.rounds);
}

std::string verdict_of(const Report& report, const ReportTable& table) {
  std::string text = fmt::format("- **{}** ({}): ", escape_markdown(table.workload.name),
                                 escape_markdown(describe_conditions(table)));
  const auto winner = winner_of(report, table);
  if (!winner) return text + "no result\n";
  const ReportRow& row = *winner->row;
  if (winner->verdict) text += to_string(*winner->verdict) + ": ";
  text += fmt::format("{} {}, {} ms a step, {}", escape_markdown(row.a_case.implementation),
                      escape_markdown(short_version(row.a_case.version)),
                      format_milliseconds(shown_ns(row, report.shows_whole_steps)),
                      escape_markdown(explain(*winner)));
  if (const std::string counts = count_verdicts(table); !counts.empty())
    text += "; " + escape_markdown(counts);
  return text + "\n";
}

// Who is fastest, what to be careful about, and what failed: before any table.
std::string verdicts(const Report& report) {
  std::string text;
  for (const auto& caution : cautions(report)) text += fmt::format("> {}\n>\n", escape_markdown(caution));
  if (!text.empty()) text = "\n" + text.substr(0, text.size() - 2);
  text += "\n";
  for (const auto& table : report.tables) text += verdict_of(report, table);
  for (const auto& table : report.tables)
    for (const auto& row : table.rows)
      if (!row.is_ranked())
        text += fmt::format("- {}: {} on {}\n", escape_markdown(row.status),
                            escape_markdown(row.a_case.implementation), escape_markdown(table.workload.name));
  return text;
}

std::string line_of(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const auto& cell : cells) text += cell.empty() ? " |" : " " + escape_markdown(cell) + " |";
  return text + "\n";
}

// Version by implementation, where a library has several versions; empty where none has.
std::string versions(const Report& report) {
  std::string text;
  for (const auto& table : report.tables)
    for (const auto& matrix : version_matrices(table)) {
      std::vector<std::string> titles{matrix.library};
      for (std::size_t i = 0; i < matrix.implementations.size(); ++i) titles.push_back(matrix.column(i));
      text += fmt::format("\n### {}, {}\n\n", escape_markdown(table.workload.name),
                          escape_markdown(describe_conditions(table)));
      text += line_of(titles) + "|---|";
      for (std::size_t i = 0; i < matrix.implementations.size(); ++i) text += "--:|";
      text += "\n";
      for (std::size_t v = 0; v < matrix.versions.size(); ++v) {
        std::vector<std::string> cells{matrix.versions[v]};
        for (const ReportRow* row : matrix.cells[v])
          cells.push_back(cell_text(row, report.shows_whole_steps));
        text += line_of(cells);
      }
    }
  return text.empty() ? "" : "\n## Versions, ms a step\n" + text;
}

}  // namespace

std::string render_markdown(const Report& report) {
  std::string text = "# LSTM training speed\n" + verdicts(report) + versions(report);
  for (const auto& table : report.tables) {
    text +=
        fmt::format("\n## {}\n\n{}, {}.\n\n", escape_markdown(table.workload.name),
                    escape_markdown(describe(table.workload)), escape_markdown(describe_conditions(table)));
    text += fmt::format(
        "| implementation | version | {} | relative time | GFLOP/s | of peak | error | status | rounds |\n",
        report.shows_whole_steps ? "ms a step, mean ± sd" : "ms a step");
    text += "|---|---|--:|--:|--:|--:|--:|---|--:|\n";
    for (const auto& row : table.rows) text += table_row(row, report.shows_whole_steps);
  }
  text += "\n";
  text +=
      report.shows_whole_steps
          ? "Time: mean and standard deviation of whole steps. Relative time: over that of the bold row.\n"
          : "Time: median of forward + loss + backward. Relative time: over that of the bold row, median of "
            "the ratios within rounds (95 % interval by the sign test where there are enough rounds). Error: "
            "the largest of loss and gradients against float64, relative to each tensor's norm.\n";
  for (const auto& note : report.footnotes) text += fmt::format("\n- {}", escape_markdown(note));
  if (!report.footnotes.empty()) text += "\n";

  const LibraryTable libraries = library_table(report);
  text += "\n## Libraries\n\n" + line_of(libraries.titles) + "|";
  for (std::size_t i = 0; i < libraries.titles.size(); ++i) text += "---|";
  text += "\n";
  for (const auto& row : libraries.rows) text += line_of(row);
  text += "\n## Machine\n\n| | |\n|---|---|\n";
  for (const auto& [name, value] : report.machine)
    text += fmt::format("| {} | {} |\n", escape_markdown(name), escape_markdown(value));
  text +=
      fmt::format("\nMeasured {} by lstmbench {}: {} round{}.\n", escape_markdown(report.run.started_at),
                  escape_markdown(report.run.program_version), report.rounds, report.rounds == 1 ? "" : "s");
  return text;
}

}  // namespace lstmbench
