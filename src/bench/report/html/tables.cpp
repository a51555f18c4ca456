// The charts of each workload, and the matrix of all results.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/charts.h"
#include "report/escape.h"
#include "report/html/data.h"
#include "report/html/sections.h"
#include "report/numbers.h"
#include "report/series.h"
#include "report/version_matrix.h"

namespace lstmbench {
namespace {

std::string chart(std::size_t table, const std::string& kind, const std::string& caption) {
  return fmt::format(
      "<figure><figcaption>{}</figcaption><div class=\"chart\" data-chart=\"{}\" data-table=\"{}\"></div>"
      "</figure>",
      caption, kind, table);
}

std::string phases_key() {
  std::string text = "<span class=\"phases\">";
  for (const auto& [name, opacity] : {std::pair{"forward", "1"}, {"loss", ".45"}, {"backward", ".7"}})
    text += fmt::format("<span><i style=\"opacity:{}\"></i>{}</span>", opacity, name);
  return text + "</span>";
}

bool has_chart(const Report& report, const ReportTable& table, const std::string& kind) {
  const auto charts = charts_of(report, table, ChartTheme::page);
  return std::any_of(charts.begin(), charts.end(), [&](const Chart& one) { return one.kind == kind; });
}

// One panel for each table that has this chart; empty where none has.
std::string chart_section(const Report& report, const std::string& kind, const std::string& id,
                          const std::string& title, const std::string& lead) {
  std::string panels;
  for (std::size_t t = 0; t < report.tables.size(); ++t) {
    if (!has_chart(report, report.tables[t], kind)) continue;
    panels += fmt::format("<article class=\"panel\" data-of=\"{}\"><h3>{}</h3>{}</article>", t,
                          escape_html(table_title(report, report.tables[t])), chart(t, kind, ""));
  }
  if (panels.empty()) return "";
  return fmt::format(
      "<section id=\"{}\" data-section><h2>{}</h2><p class=\"lead\">{}</p><br><div class=\"grid\">{}</div>"
      "</section>",
      id, title, lead, panels);
}

using MatrixKey = std::pair<std::string, std::string>;  // implementation, version

// Rows in the order in which implementations appear, fastest tables first.
std::vector<MatrixKey> matrix_rows(const Report& report) {
  std::vector<MatrixKey> keys;
  for (const auto& table : report.tables)
    for (const auto& row : table.rows) {
      const MatrixKey key{row.a_case.implementation, row.a_case.version};
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  return keys;
}

std::string matrix_cell(const Report& report, std::size_t t, const MatrixKey& key) {
  const ReportTable& table = report.tables[t];
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const ReportRow& row = table.rows[r];
    if (MatrixKey{row.a_case.implementation, row.a_case.version} != key) continue;
    const std::string id = row_id(t, r);
    if (!row.is_ranked())
      return fmt::format("<td data-of=\"{}\"><a class=\"chip {}\" href=\"#case-{}\">{}</a></td>", t,
                         status_class(row), id, escape_html(row.status));
    const std::string mark = row.status == "UNCHECKED" ? " <span class=\"chip warn\">UNCHECKED</span>" : "";
    return fmt::format(
        "<td data-of=\"{}\" data-cell class=\"{}\"><a href=\"#case-{}\">{}</a> <span class=\"ratio\" "
        "data-ratio=\"{}\">{}"
        "</span>{}</td>",
        t, row.is_reference ? "reference" : "", id,
        format_milliseconds(shown_ns(row, report.shows_whole_steps)), id,
        row.relative ? format_ratio(row.relative->ratio) + "×" : "", mark);
  }
  return fmt::format("<td data-of=\"{}\" class=\"muted\">–</td>", t);
}

std::string version_table(const Report& report, std::size_t t, const VersionMatrix& matrix) {
  std::string text = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0} by version\"><table "
      "class=\"matrix\"><thead><tr><th scope=\"col\">{0}</th>",
      escape_html(matrix.library));
  for (std::size_t i = 0; i < matrix.implementations.size(); ++i)
    text += fmt::format("<th scope=\"col\">{}</th>", escape_html(matrix.column(i)));
  text += "</tr></thead><tbody>";
  for (std::size_t v = 0; v < matrix.versions.size(); ++v) {
    text += fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(matrix.versions[v]));
    for (const ReportRow* row : matrix.cells[v]) {
      const std::string cell = escape_html(cell_text(row, report.shows_whole_steps));
      if (!row) {
        text += "<td class=\"muted\">–</td>";
        continue;
      }
      const auto place = static_cast<std::size_t>(row - report.tables[t].rows.data());
      text += fmt::format("<td><a class=\"{}\" href=\"#case-{}\">{}</a></td>",
                          row->is_ranked() ? "" : "chip " + status_class(*row), row_id(t, place), cell);
    }
    text += "</tr>";
  }
  return text + "</tbody></table></div>";
}

}  // namespace

std::string times_section(const Report& report) {
  std::string text = fmt::format(
      "<section id=\"times\" data-section><h2>Time of a step</h2><p class=\"lead\">{} Whiskers: {}.</p>",
      report.shows_whole_steps ? "Whole steps, as the original measured: the shorter the better."
                               : "Forward, loss and backward of one batch: the shorter the better.",
      explain_spread(report));
  for (std::size_t t = 0; t < report.tables.size(); ++t) {
    const ReportTable& table = report.tables[t];
    const bool has_phases = std::any_of(table.rows.begin(), table.rows.end(),
                                        [](const ReportRow& row) { return row.phases.has_value(); });
    text += fmt::format(
        "<article class=\"panel\" data-of=\"{}\"><header><h3>{}</h3><p>{}, {}</p></header>"
        "<div class=\"pair\">",
        t, escape_html(table_title(report, table)), escape_html(describe(table.workload)),
        escape_html(describe_conditions(table)));
    text += chart(t, "bars",
                  std::string(report.is_published ? "Time ::: ratio" : "Time · ratio") +
                      (report.shows_whole_steps || !has_phases ? "" : " &ensp; " + phases_key()));
    if (has_chart(report, table, "forest"))
      text += chart(t, "forest",
                    fmt::format("Ratio to <span data-baseline-of=\"{}\"></span>{}", t,
                                has_intervals(report) && !report.shows_whole_steps
                                    ? ", 95&nbsp;% interval of the rounds’ median"
                                    : ""));
    text += "</div></article>";
  }
  return text + "</section>";
}

std::string matrix_section(const Report& report) {
  std::string text =
      "<section id=\"matrix\" data-section><h2>Every result</h2><p class=\"lead\">Milliseconds a step and "
      "ratio to the "
      "baseline (green). What did not end OK keeps its place.</p>"
      "<div class=\"panel scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Every result\">"
      "<table class=\"matrix\"><thead><tr><th scope=\"col\">implementation</th>";
  for (std::size_t t = 0; t < report.tables.size(); ++t)
    text += fmt::format("<th scope=\"col\" data-of=\"{}\">{}</th>", t,
                        escape_html(table_title(report, report.tables[t])));
  text += "</tr></thead><tbody>";
  for (const auto& key : matrix_rows(report)) {
    text += fmt::format("<tr><th scope=\"row\">{} <small>{}</small></th>", escape_html(key.first),
                        escape_html(short_version(key.second)));
    for (std::size_t t = 0; t < report.tables.size(); ++t) text += matrix_cell(report, t, key);
    text += "</tr>";
  }
  return text + "</tbody></table></div></section>";
}

std::string versions_section(const Report& report) {
  std::string panels;
  for (std::size_t t = 0; t < report.tables.size(); ++t) {
    const ReportTable& table = report.tables[t];
    const auto matrices = version_matrices(table);
    if (matrices.empty()) continue;
    panels += fmt::format("<article class=\"panel\" data-of=\"{}\"><h3>{}</h3>", t,
                          escape_html(table_title(report, table)));
    if (has_chart(report, table, "trend")) panels += chart(t, "trend", "");
    for (const auto& matrix : matrices) panels += version_table(report, t, matrix);
    panels += "</article>";
  }
  if (panels.empty()) return "";
  return "<section id=\"versions\" data-section><h2>Over versions</h2><p class=\"lead\">The same "
         "implementation "
         "in several versions, milliseconds a step.</p><br><div class=\"grid\">" +
         panels + "</div></section>";
}

std::string peak_section(const Report& report) {
  return chart_section(report, "peak", "peak", "How much of the machine",
                       "Useful operations a second over the multiply-add peak that was measured in the same "
                       "run, on as many threads.");
}

}  // namespace lstmbench
