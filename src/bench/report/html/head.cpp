// Title, verdict and controls: what one sees first.
#include <fmt/format.h>

#include <algorithm>

#include "report/charts.h"
#include "report/escape.h"
#include "report/html/data.h"
#include "report/html/sections.h"
#include "report/numbers.h"
#include "report/series.h"
#include "report/winner.h"

namespace lstmbench {
namespace {

std::string fact(const Report& report, const char* name) {
  for (const auto& [key, value] : report.machine)
    if (key == name) return value;
  return "";
}

std::string chip(const std::string& text, const std::string& kind = "") {
  return fmt::format("<li class=\"{}\">{}</li>", kind, escape_html(text));
}

// The word that holds for the winner; UNFIT beside it where the machine's own noise may have decided.
std::string verdict_chips(const Report& report, const Winner& winner) {
  std::string text;
  const auto add = [&](const std::string& word, const char* kind) {
    text += fmt::format("<span class=\"chip {}\">{}</span> ", kind, word);
  };
  if (winner.verdict) add(to_string(*winner.verdict), *winner.verdict == Verdict::faster ? "good" : "warn");
  if (!report.unfit.empty()) add("UNFIT", "bad");
  return text.empty() ? "" : "<p class=\"words\">" + text + "</p>";
}

std::string day(const std::string& moment) {
  std::string text = moment.substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text + " UTC";
}

std::string card(const Report& report, std::size_t t) {
  const ReportTable& table = report.tables[t];
  std::string text = fmt::format("<article class=\"card\" data-of=\"{}\"><p class=\"workload\">{}</p>", t,
                                 escape_html(table_title(report, table)));
  const auto winner = winner_of(report, table);
  if (!winner) return text + "<p class=\"winner\">no result</p></article>";
  const ReportRow& row = *winner->row;
  text += fmt::format("<p class=\"winner\">{} <span class=\"muted\">{}</span></p>",
                      escape_html(row.a_case.implementation), escape_html(short_version(row.a_case.version)));
  text += fmt::format("<p class=\"time\">{} <small>ms a step</small></p>",
                      format_milliseconds(shown_ns(row, report.shows_whole_steps)));
  text += verdict_chips(report, *winner);
  text += fmt::format("<p class=\"by\">{}</p>", escape_html(explain(*winner)));
  if (const std::string counts = count_verdicts(table); !counts.empty())
    text += fmt::format("<p class=\"foot counts\">{}</p>", escape_html(counts));
  std::string foot;
  if (row.gflops) foot = format_gflops(*row.gflops) + " GFLOP/s";
  if (row.peak_percent) foot += fmt::format(", {:.0f} % of the machine’s peak", *row.peak_percent);
  if (row.status == "UNCHECKED") foot += (foot.empty() ? "" : " · ") + std::string("not checked");
  return text + fmt::format("<p class=\"foot\">{}</p></article>", foot);
}

std::string failures(const Report& report) {
  if (report.not_ok == 0) return "";
  std::string text =
      fmt::format("<div class=\"failures\" id=\"failures\"><strong>{} case{} did not end OK</strong><ul>",
                  report.not_ok, report.not_ok == 1 ? "" : "s");
  for (std::size_t t = 0; t < report.tables.size(); ++t)
    for (std::size_t r = 0; r < report.tables[t].rows.size(); ++r) {
      const ReportRow& row = report.tables[t].rows[r];
      if (row.is_ranked()) continue;
      text += fmt::format("<li data-of=\"{}\"><a href=\"#case-{}\">{} {}: {}</a></li>", t, row_id(t, r),
                          escape_html(table_title(report, report.tables[t])),
                          escape_html(row.a_case.implementation), escape_html(row.status));
    }
  return text + "</ul></div>";
}

}  // namespace

std::string table_title(const Report& report, const ReportTable& table) {
  const auto same = std::count_if(report.tables.begin(), report.tables.end(), [&](const ReportTable& other) {
    return other.workload.name == table.workload.name;
  });
  return same > 1 ? table.workload.name + " · " + describe_conditions(table) : table.workload.name;
}

std::string status_class(const ReportRow& row) {
  if (row.status == "OK") return "good";
  return row.is_ranked() || row.status == "TIMEOUT" || row.status == "UNSUPPORTED" ||
                 row.status == "INTERRUPTED"
             ? "warn"
             : "bad";
}

std::string page_head(const Report& report) {
  std::string machine;
  for (const char* name : {"machine", "GPU", "CPU"})
    if (const std::string value = fact(report, name); !value.empty())
      machine += (machine.empty() ? "" : " · ") + value;
  if (const std::string cpus = fact(report, "usable CPUs"); !cpus.empty()) machine += " · " + cpus + " CPUs";
  std::string text = fmt::format("<h1>LSTM training speed</h1><p class=\"lead\">{}</p><ul class=\"chips\">",
                                 escape_html(machine));
  if (report.is_published) {
    text += chip("published, not measured here", "warn");
    if (const std::string source = fact(report, "published"); !source.empty()) text += chip(source);
    return text + "</ul>";
  }
  text += chip(fmt::format("{} OK", report.ok), report.ok > 0 ? "good" : "");
  if (report.unchecked > 0) text += chip(fmt::format("{} not checked", report.unchecked), "warn");
  if (report.not_ok > 0) text += chip(fmt::format("{} not OK", report.not_ok), "bad");
  if (!report.unfit.empty())
    text += chip("machine UNFIT", "bad");
  else if (!report.failed_controls.empty())
    text += chip("a null control failed", "bad");
  else if (!report.controls.empty())
    text += is_known_fit(report) ? chip("machine fit: its null controls agree", "good")
                                 : chip("null controls inconclusive", "warn");
  text += chip(fmt::format("{} round{}", report.rounds, report.rounds == 1 ? "" : "s"));
  if (report.load_average) text += chip(fmt::format("load {:.1f}", *report.load_average));
  if (report.steal_percent) text += chip(fmt::format("{:.1f} % stolen", *report.steal_percent));
  text += chip("measured " + day(report.run.started_at));
  return text + "</ul>";
}

std::string verdict_section(const Report& report) {
  std::string text = "<section id=\"verdict\" aria-label=\"Verdict\">";
  if (const auto warnings = cautions(report); !warnings.empty() && !report.is_published) {
    text += "<div class=\"caution\"><ul>";
    for (const auto& warning : warnings) text += "<li>" + escape_html(warning) + "</li>";
    text += "</ul></div>";
  }
  text += "<div class=\"cards\">";
  for (std::size_t t = 0; t < report.tables.size(); ++t) text += card(report, t);
  return text + "</div>" + failures(report) + "</section>";
}

std::string toolbar(const Report& report) {
  std::string text =
      "<form class=\"toolbar\" aria-label=\"What is shown\" autocomplete=\"off\">"
      "<label>Baseline <select id=\"baseline\"><option value=\"\">";
  text += report.run.baseline.empty() ? "the fastest of each workload" : escape_html(report.run.baseline);
  text += "</option>";
  const auto data = page_data(report)["baselines"];
  for (std::size_t i = 0; i < data.size(); ++i)
    text +=
        fmt::format("<option value=\"{}\">{}</option>", i, escape_html(data[i]["name"].get<std::string>()));
  text += "</select></label><fieldset id=\"filter\"><legend>Workloads</legend>";
  for (std::size_t t = 0; t < report.tables.size(); ++t)
    text += fmt::format("<label><input type=\"checkbox\" value=\"{}\" checked>{}</label>", t,
                        escape_html(table_title(report, report.tables[t])));
  return text + "</fieldset></form><p id=\"nothing\" class=\"lead\" hidden>No workload is chosen.</p>";
}

}  // namespace lstmbench
