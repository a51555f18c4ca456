#include "report/html/data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/charts.h"
#include "statistics/paired_ratio.h"

namespace lstmbench {
namespace {

using json = nlohmann::ordered_json;

// Five digits say more than a measurement knows, and keep the file small.
double rounded(double milliseconds) {
  if (!(milliseconds > 0)) return 0;
  const double unit = std::pow(10, std::floor(std::log10(milliseconds)) - 4);
  return unit >= 1 ? std::round(milliseconds) : std::round(milliseconds / unit) * unit;
}

// rounds: [[number, steps of it shown]], in the order of "ms"; warm-up ones come first in each: [.., ..,
// warm-ups].
json steps_of(const Report& report, const ReportRow& row, std::size_t every) {
  json rounds = json::array(), ms = json::array();
  for (std::size_t i = 0; i < row.samples.size(); ++i) {
    const auto& [round, sample] = row.samples[i];
    if (i % every != 0) continue;
    if (rounds.empty() || rounds.back()[0] != round) rounds.push_back({round, 0, 0});
    rounds.back()[1] = rounds.back()[1].get<int>() + 1;
    if (sample.is_warmup) rounds.back()[2] = rounds.back()[2].get<int>() + 1;
    const auto ns = report.shows_whole_steps ? sample.times.total_ns() : sample.times.headline_ns();
    ms.push_back(fmt::format("{:.5g}", rounded(static_cast<double>(ns) * 1e-6)));
  }
  std::string text;
  for (const auto& value : ms) text += (text.empty() ? "" : " ") + value.get<std::string>();
  return {{"rounds", rounds}, {"ms", text}};
}

json row_data(const Report& report, const ChartRow& chart_row, const std::string& id, std::size_t every) {
  const ReportRow& row = *chart_row.row;
  json data{{"id", id}, {"label", chart_row.label}, {"ranked", row.is_ranked()}};
  if (row.is_ranked()) {
    if (report.shows_whole_steps) data["mean"] = *row.total_mean_ns;
    json medians = json::array();
    for (const auto& [round, time] : row.round_medians) medians.push_back({round, time});
    data["medians"] = medians;
  }
  if (!row.samples.empty()) data["steps"] = steps_of(report, row, every);
  return data;
}

// For n ratios, the rank from both ends whose values enclose the median (0: too few): what median_interval
// does.
json interval_ranks(int most) {
  json ranks = json::array({0});
  std::vector<double> values;
  for (int n = 1; n <= most; ++n) {
    values.push_back(n);
    const auto interval = median_interval(values);
    ranks.push_back(interval ? static_cast<int>(interval->low) : 0);
  }
  return ranks;
}

}  // namespace

std::string row_id(std::size_t table, std::size_t row) {
  return fmt::format("{}-{}", table, row);
}

std::string script_json(const json& value) {
  std::string text;
  for (const char character : value.dump(-1, ' ', false, json::error_handler_t::replace)) {
    if (character == '<' || character == '>' || character == '&')
      text += fmt::format("\\u{:04x}", static_cast<int>(character));
    else
      text += character;
  }
  return text;
}

json page_data(const Report& report) {
  std::size_t steps = 0;
  for (const auto& table : report.tables)
    for (const auto& row : table.rows) steps += row.samples.size();
  const std::size_t every = std::max<std::size_t>(1, (steps + most_page_steps - 1) / most_page_steps);

  json tables = json::array();
  std::map<std::pair<std::string, std::string>, json>
      baselines;  // implementation and version: row in each table
  std::size_t most_rounds = 0;
  for (std::size_t t = 0; t < report.tables.size(); ++t) {
    const ReportTable& table = report.tables[t];
    json rows = json::array(), charts = json::object();
    json reference = nullptr;
    for (const auto& chart_row : chart_rows(table, report.shows_whole_steps)) {
      const auto index = static_cast<std::size_t>(chart_row.row - table.rows.data());
      const std::string id = row_id(t, index);
      rows.push_back(row_data(report, chart_row, id, every));
      most_rounds = std::max(most_rounds, chart_row.row->round_medians.size());
      if (chart_row.row->is_reference) reference = id;
      if (!chart_row.row->is_ranked()) continue;
      json& baseline = baselines[{chart_row.row->a_case.implementation, chart_row.row->a_case.version}];
      if (baseline.is_null()) baseline = json::array();
      baseline.push_back(id);
    }
    for (const auto& chart : charts_of(report, table, ChartTheme::page)) charts[chart.kind] = chart.spec;
    tables.push_back(
        {{"name", table.workload.name}, {"reference", reference}, {"rows", rows}, {"charts", charts}});
  }
  json baseline_rows = json::array();
  for (const auto& [name, rows] : baselines)
    baseline_rows.push_back({{"name", name.first + " " + short_version(name.second)}, {"rows", rows}});
  json cases = json::object();
  for (const auto& chart : case_charts()) cases[chart.kind] = chart.spec;
  return {{"published", report.is_published},
          {"tables", tables},
          {"baselines", baseline_rows},
          {"case_charts", cases},
          {"config", chart_config(ChartTheme::page)},
          {"every", every},
          {"ranks", interval_ranks(static_cast<int>(most_rounds))}};
}

}  // namespace lstmbench
