// Everything about one case, and where the numbers come from.
#include <fmt/format.h>

#include <algorithm>

#include "machine/machine.h"
#include "report/charts.h"
#include "report/escape.h"
#include "report/html/data.h"
#include "report/html/sections.h"
#include "report/library_table.h"
#include "report/numbers.h"
#include "report/series.h"

namespace lstmbench {
namespace {

std::string fact(const std::string& name, const std::string& value) {
  return value.empty() ? "" : fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, escape_html(value));
}

std::string check_text(const ReportRow& row) {
  if (!row.check) return "";
  return fmt::format("{} ({}; at most {} allowed)", format_error(row.check->worst_error),
                     row.check->worst_tensor, format_error(row.check->tolerance));
}

std::string facts(const Report& report, const ReportRow& row) {
  std::string text = "<dl>" + fact("version", row.a_case.version);
  if (row.headline_median_ns && !report.is_published)
    text += fact("forward + loss + backward", fmt::format("{} ± {} ms (median, median deviation)",
                                                          format_milliseconds(*row.headline_median_ns),
                                                          format_milliseconds(*row.headline_mad_ns)));
  if (row.total_mean_ns)
    text += fact("whole step",
                 fmt::format("{} ± {} ms (mean, standard deviation)", format_milliseconds(*row.total_mean_ns),
                             format_milliseconds(*row.total_deviation_ns)));
  if (row.verdict) text += fact("verdict against the run’s own baseline", to_string(*row.verdict));
  if (row.phases) {
    const PhaseMedians& p = *row.phases;
    text += fact("input, forward, loss, backward, update",
                 fmt::format("{}, {}, {}, {}, {} ms", format_milliseconds(p.input_ns),
                             format_milliseconds(p.forward_ns), format_milliseconds(p.loss_ns),
                             format_milliseconds(p.backward_ns), format_milliseconds(p.update_ns)));
  }
  if (row.gflops)
    text +=
        fact("speed", format_gflops(*row.gflops) + " GFLOP/s" +
                          (row.peak_percent ? fmt::format(", {:.1f} % of the peak", *row.peak_percent) : ""));
  text += fact("largest error against float64", check_text(row));
  if (row.workspace_bytes) text += fact("workspace", format_bytes(*row.workspace_bytes));
  if (row.peak_rss_bytes) text += fact("most memory of the process", format_bytes(*row.peak_rss_bytes));
  const auto timed = std::count_if(row.samples.begin(), row.samples.end(),
                                   [](const ReportSample& entry) { return !entry.sample.is_warmup; });
  if (timed > 0)
    text +=
        fact("timed", fmt::format("{} steps in {} round{}", timed, row.rounds, row.rounds == 1 ? "" : "s"));
  return text + fact("worker says", row.description) + "</dl>";
}

std::string small_charts() {
  std::string text = "<div class=\"small-charts\">";
  for (const auto& [kind, caption] : {std::pair{"order", "In run order"},
                                      {"distribution", "Distribution of timed steps"},
                                      {"ratios", "Ratio to the baseline in each round"}})
    text += fmt::format(
        "<figure><figcaption>{}</figcaption><div class=\"chart\" data-chart=\"{}\" data-case></div></figure>",
        caption, kind);
  return text + "</div>";
}

std::string one_case(const Report& report, const ReportRow& row, const std::string& id) {
  std::string text = fmt::format(
      "<details class=\"case{}\" id=\"case-{}\" data-row=\"{}\"><summary><span class=\"name\">{} <span "
      "class=\"muted\">{}"
      "</span></span><span class=\"right number\">{}</span><span class=\"right number muted ratio-cell\" "
      "{}>{}</span>"
      "<span class=\"right\"><span class=\"chip {}\">{}</span></span></summary><div class=\"inside\">",
      row.is_ranked() ? "" : " bad-row", id, id, escape_html(row.a_case.implementation),
      escape_html(short_version(row.a_case.version)),
      row.is_ranked() ? format_milliseconds(shown_ns(row, report.shows_whole_steps)) + " ms" : "",
      row.is_ranked() ? fmt::format("data-ratio=\"{}\" data-long=\"1\"", id) : "",
      row.relative ? ratio_with_interval(*row.relative) : "", status_class(row), escape_html(row.status));
  if (!row.message.empty()) text += "<pre>" + escape_html(row.message, true) + "</pre>";
  text += facts(report, row);
  if (!row.samples.empty()) text += small_charts();
  if (!row.log.empty())
    text += "<div><h4>End of what the worker wrote</h4><pre>" + escape_html(row.log, true) + "</pre></div>";
  if (!row.repeat_command.empty())
    text += "<div><h4>Repeat it</h4><pre>" + escape_html(row.repeat_command) + "</pre></div>";
  return text + "</div></details>";
}

std::string fact_row(const std::string& name, const std::string& value) {
  return fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape_html(name), escape_html(value));
}

std::string libraries(const Report& report) {
  const LibraryTable table = library_table(report);
  std::string text =
      "<div class=\"panel scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Libraries\"><table "
      "class=\"libraries\"><thead><tr>";
  for (const auto& title : table.titles) text += fmt::format("<th scope=\"col\">{}</th>", escape_html(title));
  text += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    text += fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(row.front()));
    for (std::size_t i = 1; i < row.size(); ++i) text += fmt::format("<td>{}</td>", escape_html(row[i]));
    text += "</tr>";
  }
  return text + "</tbody></table></div>";
}

}  // namespace

std::string cases_section(const Report& report) {
  std::string text =
      "<section id=\"cases\" data-section><h2>Case by case</h2><p class=\"lead\">Open a line for its steps, "
      "rounds, "
      "numerical error, memory, log, and the command that repeats it.</p>";
  for (std::size_t t = 0; t < report.tables.size(); ++t) {
    text += fmt::format("<article class=\"panel\" data-of=\"{}\"><h3>{}</h3>", t,
                        escape_html(table_title(report, report.tables[t])));
    for (std::size_t r = 0; r < report.tables[t].rows.size(); ++r)
      text += one_case(report, report.tables[t].rows[r], row_id(t, r));
    text += "</article>";
  }
  return text + "</section>";
}

std::string provenance_section(const Report& report) {
  std::string text = "<section id=\"provenance\"><h2>Where this comes from</h2>";
  if (!report.footnotes.empty()) {
    text += "<ul class=\"notes lead\">";
    for (const auto& note : report.footnotes) text += "<li>" + escape_html(note) + "</li>";
    text += "</ul>";
  }
  text +=
      "<div class=\"panel scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Machine and run\"><table "
      "class=\"facts\">"
      "<tbody>";
  for (const auto& [name, value] : report.machine) text += fact_row(name, value);
  text += fact_row(
      report.is_published ? "imported" : "measured",
      report.run.started_at + (report.run.finished_at.empty() ? "" : " to " + report.run.finished_at));
  text += fact_row("by", "lstmbench " + report.run.program_version);
  text += fact_row("command", report.run.command_line);
  text += fact_row("protocol", report.run.protocol);
  text += "</tbody></table></div>";
  if (!report.libraries.empty()) text += libraries(report);
  return text + "</section>";
}

}  // namespace lstmbench
