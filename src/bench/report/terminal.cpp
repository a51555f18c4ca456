#include "report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/escape.h"
#include "report/notes.h"
#include "report/numbers.h"
#include "report/series.h"
#include "report/text_width.h"
#include "report/version_matrix.h"

namespace lstmbench {
namespace {

enum class Ink { plain, bold, dim, green, yellow, red };

class TerminalReport {
 public:
  TerminalReport(const Report& report, const TerminalStyle& style) : report_(report), style_(style) {
    style_.width = std::max(60, style_.width);
  }

  std::string render() {
    header();
    for (const auto& warning : warnings(report_)) paragraph(warning, "", "", Ink::red);
    for (const auto& table : report_.tables) {
      render_table(table);
      render_versions(table);
    }
    troubles();
    footnotes();
    return text_;
  }

 private:
  struct Column {
    std::string title;
    bool is_left = false;
    int width = 0;
  };
  struct Cell {
    std::string text;
    Ink ink = Ink::plain;
  };

  std::string painted(const std::string& text, Ink ink) const {
    if (ink == Ink::plain || text.empty()) return text;
    const char* code = ink == Ink::bold     ? "1"
                       : ink == Ink::dim    ? "2"
                       : ink == Ink::green  ? "32"
                       : ink == Ink::yellow ? "33"
                                            : "31";
    return lstmbench::painted(style_, code, text);
  }

  void line(const std::string& text = "") {
    const auto end = text.find_last_not_of(' ');
    text_ += text.substr(0, end == std::string::npos ? 0 : end + 1) + "\n";
  }

  void paragraph(const std::string& text, const std::string& first, const std::string& others, Ink ink) {
    const auto lines = wrapped(escape_terminal(text), style_.width - text_width(first));
    for (std::size_t i = 0; i < lines.size(); ++i)
      for (std::string rest = lines[i]; !rest.empty();) {  // a word longer than a line is cut
        std::string part = rest;
        if (text_width(first + part) > style_.width) part = cut(rest, style_.width - text_width(first));
        line(painted((i == 0 && rest == lines[i] ? first : others) + part, ink));
        rest.erase(0, part.size());
      }
  }

  // The longest start that fits of a text that does not.
  static std::string cut(const std::string& text, int columns) {
    const std::string start = shortened(text + "~~", columns + 1, false);  // ends in its own mark
    return start.substr(0, start.size() - 1);
  }

  std::string dot() const { return style_.uses_unicode ? " · " : ", "; }
  std::string times() const { return style_.uses_unicode ? "×" : "x"; }

  std::string fact(const char* name) const {
    for (const auto& [key, value] : report_.machine)
      if (key == name) return value;
    return "";
  }

  void published_header() {
    line();
    paragraph("published results, not measured here", "", "", Ink::bold);
    std::string facts;
    for (const auto& [name, value] : report_.machine)
      facts += (facts.empty() ? "" : dot()) + name + " " + value;
    paragraph(facts, "", "", Ink::dim);
  }

  void header() {
    if (report_.is_published) return published_header();
    std::string machine =
        fact("CPU") + dot() + fact("usable CPUs") + " CPUs" + dot() + fact("instruction sets");
    line();
    paragraph(machine, "", "", Ink::dim);
    std::string state = fmt::format("{} round{}", report_.rounds, report_.rounds == 1 ? "" : "s");
    if (report_.run.state != RunState::finished)
      state = fmt::format("{} after {}",
                          report_.run.state == RunState::running ? "not finished" : "interrupted", state);
    if (report_.load_average) state += dot() + fmt::format("load {:.1f}", *report_.load_average);
    if (report_.steal_percent && *report_.steal_percent >= 0.05)
      state +=
          dot() + fmt::format("{:.1f} % of the CPU time stolen by other machines", *report_.steal_percent);
    paragraph(state, "", "", Ink::dim);
  }

  std::vector<Column> columns() const {
    const bool seed = report_.shows_whole_steps;
    std::vector<Column> result{{"implementation", true}, {"version", true}, {seed ? "ms mean" : "ms/step"}};
    if (seed) result.push_back({style_.uses_unicode ? "± sd" : "+- sd"});
    result.push_back({"relative"});
    result.push_back({"GFLOP/s"});
    result.push_back({"peak"});
    result.push_back({"check", true});
    return result;
  }

  std::vector<Cell> cells(const ReportRow& row) const {
    const bool seed = report_.shows_whole_steps;
    std::string version = row.a_case.version.substr(0, row.a_case.version.find('+'));
    std::vector<Cell> result{
        {shortened(escape_terminal(row.a_case.implementation), 32, style_.uses_unicode), Ink::plain},
        {shortened(escape_terminal(version), 12, style_.uses_unicode), Ink::dim}};
    if (row.is_reference) result[0].ink = Ink::bold;
    if (!row.is_ranked()) return result;
    const double time = seed ? *row.total_mean_ns : *row.headline_median_ns;
    result.push_back(
        {(row.is_cold ? "*" : "") + format_milliseconds(time), row.is_reference ? Ink::bold : Ink::plain});
    if (seed) result.push_back({format_milliseconds(*row.total_deviation_ns), Ink::dim});
    const std::string mark = row.verdict == Verdict::equivalent     ? "="
                             : row.verdict == Verdict::inconclusive ? "?"
                                                                    : "";
    result.push_back({row.relative ? format_ratio(row.relative->ratio) + times() + mark : "", Ink::plain});
    result.push_back({row.gflops ? format_gflops(*row.gflops) : "", Ink::plain});
    result.push_back({row.peak_percent ? fmt::format("{:.0f}%", *row.peak_percent) : "", Ink::plain});
    if (row.status == "OK")
      result.push_back({"OK " + format_error(row.check ? row.check->worst_error : NAN), Ink::green});
    else
      result.push_back({row.status, Ink::yellow});
    return result;
  }

  std::string bar(double share, int cells) const {
    if (cells < 3) return "";
    const int eighths = std::clamp(static_cast<int>(std::lround(share * cells * 8)), 1, cells * 8);
    if (!style_.uses_unicode) return std::string(static_cast<std::size_t>((eighths + 7) / 8), '#');
    static constexpr const char* parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    std::string result;
    for (int i = 0; i < eighths / 8; ++i) result += "█";
    return result + parts[eighths % 8];
  }

  void render_table(const ReportTable& table) {
    line();
    const std::string what = describe(table.workload) + ", " + describe_conditions(table);
    line(painted(shortened(escape_terminal(table.workload.name), style_.width, style_.uses_unicode),
                 Ink::bold));
    paragraph(what, "", "", Ink::dim);

    auto layout = columns();
    double fastest = 0;
    std::vector<std::vector<Cell>> rows;
    for (auto& column : layout) column.width = text_width(column.title);
    for (const auto& row : table.rows) {
      rows.push_back(cells(row));
      for (std::size_t i = 0; i < rows.back().size(); ++i)
        layout[i].width = std::max(layout[i].width, text_width(rows.back()[i].text));
      if (row.is_ranked() && row.gflops) fastest = std::max(fastest, *row.gflops);
    }
    // Where a line has no room for all columns, these go first, in this order.
    int used = 0;
    for (const auto& column : layout) used += column.width + 2;
    // Several versions of one implementation can only be told apart by it.
    const auto order = has_several_versions(table) ? std::array{"check", "peak", "GFLOP/s", "version"}
                                                   : std::array{"version", "GFLOP/s", "peak", "peak"};
    for (const char* title : order)
      for (auto& column : layout) {
        if (used - 2 <= style_.width || column.title != title) continue;
        used -= column.width + 2;
        column.width = 0;
      }
    const int bar_cells = std::min(24, style_.width - used);

    std::string titles;
    for (const auto& column : layout)
      if (column.width > 0)
        titles +=
            (column.is_left ? pad_right(column.title, column.width) : pad_left(column.title, column.width)) +
            "  ";
    line(painted(titles.substr(0, titles.find_last_not_of(' ') + 1), Ink::dim));
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const ReportRow& row = table.rows[r];
      std::string text;
      for (std::size_t i = 0; i < rows[r].size(); ++i) {
        if (layout[i].width == 0) continue;
        const auto& [content, ink] = rows[r][i];
        const std::string space(static_cast<std::size_t>(layout[i].width - text_width(content)), ' ');
        text += (layout[i].is_left ? painted(content, ink) + space : space + painted(content, ink)) + "  ";
      }
      if (row.is_ranked()) {
        const double share = fastest > 0 && row.gflops ? *row.gflops / fastest : 0;
        text += painted(bar(share, bar_cells), row.is_reference ? Ink::green : Ink::dim);
      } else {
        int taken = 0;
        for (std::size_t i = 0; i < 2; ++i) taken += layout[i].width > 0 ? layout[i].width + 2 : 0;
        const int room = style_.width - taken - text_width(row.status) - 2;
        text += painted(row.status,
                        row.status == "TIMEOUT" || row.status == "UNSUPPORTED" ? Ink::yellow : Ink::red) +
                "  " + painted(shortened(escape_terminal(row.message), room, style_.uses_unicode), Ink::dim);
      }
      line(text);
    }
  }

  void render_versions(const ReportTable& table) {
    for (const auto& matrix : version_matrices(table)) {
      line();
      line(painted(fmt::format("{} by version, ms", escape_terminal(matrix.library)), Ink::dim));
      for (const auto& text : version_lines(matrix, report_.shows_whole_steps, style_.width)) line(text);
    }
  }

  // Everything about the rows that did not end well: whole message, end of the log, command. An interruption
  // is no fault of theirs.
  void troubles() {
    for (const auto& table : report_.tables)
      for (const auto& row : table.rows) {
        if (row.is_ranked() || row.status == to_string(Status::interrupted)) continue;
        line();
        line(painted(escape_terminal(fmt::format("{} {}: {}", table.workload.name, row.a_case.implementation,
                                                 row.status)),
                     Ink::red));
        paragraph(row.message, "  ", "  ", Ink::plain);
        for (const auto& log_line : last_lines(row.log))
          paragraph(log_line, style_.uses_unicode ? "  │ " : "  | ", style_.uses_unicode ? "  │ " : "  | ",
                    Ink::dim);
        line(painted("  again: " + escape_terminal(row.repeat_command), Ink::dim));
      }
  }

  static std::vector<std::string> last_lines(const std::string& log) {
    constexpr std::size_t most = 8;
    std::vector<std::string> lines;
    const std::string safe = escape_terminal_lines(log);
    for (std::size_t begin = 0; begin < safe.size();) {
      const std::size_t end = std::min(safe.find('\n', begin), safe.size());
      if (end > begin) lines.push_back(safe.substr(begin, end - begin));
      begin = end + 1;
    }
    if (lines.size() > most) lines.erase(lines.begin(), lines.end() - most);
    return lines;
  }

  void footnotes() {
    line();
    const std::string bullet = style_.uses_unicode ? "· " : "- ";
    const bool seed = report_.shows_whole_steps;
    paragraph(
        std::string(
            seed ? "ms mean, sd: of whole steps. relative: mean over that of the bold row. peak: share of "
                   "this "
                   "machine's multiply-add peak. check: largest error of loss and gradients against float64."
                 : "ms/step: median of forward + loss + backward. relative: time over that of the bold row, "
                   "paired "
                   "within rounds (=: equivalent, ?: inconclusive). peak: share of this machine's "
                   "multiply-add peak, measured in this run. "
                   "check: largest error of loss and gradients against float64."),
        "", "", Ink::dim);
    for (const auto& note : report_.footnotes) paragraph(note, bullet, "  ", Ink::dim);
  }

  const Report& report_;
  TerminalStyle style_;
  std::string text_;
};

}  // namespace

std::string painted(const TerminalStyle& style, std::string_view code, std::string_view text) {
  return style.uses_color ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

std::string render_terminal(const Report& report, const TerminalStyle& style) {
  return TerminalReport(report, style).render();
}

}  // namespace lstmbench
