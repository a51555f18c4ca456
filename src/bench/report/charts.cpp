#include "report/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/assets.h"
#include "report/numbers.h"
#include "report/version_order.h"
#include "statistics/summary.h"

namespace lstmbench {
namespace {

using json = nlohmann::ordered_json;

// "$ink" and the like in the specifications.
const std::map<std::string, std::string>& paper_values() {
  static const std::map<std::string, std::string> values{
      {"$surface", "#ffffff"},
      {"$ink", "#1c2430"},
      {"$muted", "#5d6876"},
      {"$grid", "#dfe3e8"},
      {"$bad", "#b3261e"},
      {"$accent", "#2b66c4"},
      {"$second", "#86abe2"},
      {"$faint", "#c3c9d1"},
      {"$font", "Helvetica, Arial, Liberation Sans, sans-serif"}};
  return values;
}

void put_theme(json& value, ChartTheme theme) {
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    if (text.empty() || text[0] != '$') return;
    value = theme == ChartTheme::paper ? paper_values().at(text)
            : text == "$font"    ? "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
            : text == "$surface" ? "transparent"
                                 : "var(--" + text.substr(1) + ")";
  } else if (value.is_structured()) {
    for (auto& part : value) put_theme(part, theme);
  }
}

json load(const std::string& kind, ChartTheme theme) {
  json spec = json::parse(asset("charts/" + kind + ".vl.json"));
  put_theme(spec, theme);
  if (theme == ChartTheme::page) {
    spec["width"] = "container";
    spec["autosize"] = {{"type", "fit-x"}, {"contains", "padding"}};
  }
  return spec;
}

constexpr int row_height = 27;  // pixels

// The page's key to the phases (html/tables.cpp) shows the same.
double opacity_of(const std::string& phase) {
  return phase == "forward" || phase == "step" ? 1 : phase == "backward" ? 0.7 : phase == "loss" ? 0.45 : 0.3;
}

class TableCharts {
 public:
  TableCharts(const Report& report, const ReportTable& table, ChartTheme theme)
      : report_(report), table_(table), theme_(theme), rows_(chart_rows(table, report.shows_whole_steps)) {
    const auto all = series_of(report);
    for (std::size_t i = 0; i < all.size(); ++i)
      for (const auto& row : rows_)
        if (series_name(row.row->a_case) == all[i].name) {
          series_names_.push_back(all[i].name);
          series_colors_.push_back(theme == ChartTheme::page ? fmt::format("var(--s{})", i) : all[i].light);
          break;
        }
    for (const auto& row : rows_)
      (row.row->is_ranked() ? ranked_labels_ : other_labels_).push_back(row.label);
  }

  std::vector<Chart> all() {
    std::vector<Chart> charts;
    if (rows_.empty()) return charts;
    charts.push_back({"bars", bars()});
    if (ranked_labels_.size() > 1) charts.push_back({"forest", forest()});
    if (has_several_versions(table_)) charts.push_back({"trend", trend()});
    if (std::any_of(rows_.begin(), rows_.end(),
                    [](const ChartRow& row) { return row.row->peak_percent.has_value(); }))
      charts.push_back({"peak", peak()});
    return charts;
  }

 private:
  json start(const std::string& kind, const std::string& title) const {
    json spec = load(kind, theme_);
    spec["description"] = fmt::format("{}: {}", spec["description"].get<std::string>(), table_.workload.name);
    if (theme_ == ChartTheme::page) return spec;
    spec["width"] = 420;
    spec["padding"] = 16;
    spec["config"] = chart_config(theme_);
    spec["title"] = {
        {"text", table_.workload.name},
        {"subtitle", json::array({describe(table_.workload) + ", " + describe_conditions(table_), title})}};
    return spec;
  }

  std::string whose() const {
    std::string text;
    for (const auto& [name, value] : report_.machine)
      if (name == "CPU" || name == "GPU" || name == "machine") text += (text.empty() ? "" : ", ") + value;
    return (report_.is_published ? "published, not measured here: " : "") + text;
  }

  json base_entry(const ChartRow& row) const {
    const Case& a_case = row.row->a_case;
    return {{"label", row.label},
            {"implementation", chart_key(a_case.implementation)},
            {"version", a_case.version},
            {"series", series_name(a_case)}};
  }

  void put_series(json& color) const {
    color["scale"]["domain"] = series_names_;
    color["scale"]["range"] = series_colors_;
  }

  // "rows" tells the page's script that it may make them higher. Adds members to `spec`: references into it,
  // `y` among them, are not valid afterwards.
  static void put_rows(json& spec, json& y, const std::vector<std::string>& labels) {
    y["scale"]["domain"] = labels;
    spec["height"] = row_height * static_cast<int>(labels.size());
    spec["usermeta"] = {{"rows", labels.size()}};
  }

  std::vector<std::pair<std::string, double>> phases_of(const ReportRow& row) const {
    if (!row.phases) return {{"step", *row.total_mean_ns}};
    const PhaseMedians& p = *row.phases;
    if (!report_.shows_whole_steps) {
      // Medians of the parts need not add up to the median of the whole: scaled so that the bar ends there.
      const double sum = p.forward_ns + p.loss_ns + p.backward_ns;
      const double scale = sum > 0 ? *row.headline_median_ns / sum : 0;
      return {{"forward", scale * p.forward_ns},
              {"loss", scale * p.loss_ns},
              {"backward", scale * p.backward_ns}};
    }
    const double sum = p.input_ns + p.forward_ns + p.loss_ns + p.backward_ns + p.update_ns;
    const double scale = sum > 0 ? *row.total_mean_ns / sum : 0;
    return {{"input", scale * p.input_ns},
            {"forward", scale * p.forward_ns},
            {"loss", scale * p.loss_ns},
            {"backward", scale * p.backward_ns},
            {"update", scale * p.update_ns}};
  }

  json bars() const {
    json spec = start("bars", fmt::format("{}; {}", explain_spread(report_), whose()));
    json parts = json::array(), ends = json::array();
    for (const auto& row : rows_) {
      json end = base_entry(row);
      end["is_ranked"] = row.row->is_ranked();
      end["text"] = row.row->is_ranked() ? time_and_ratio(report_, table_, *row.row) : row.row->status;
      end["message"] = row.row->message;
      if (row.row->is_ranked()) {
        const auto spread = spread_of(report_, *row.row);
        if (spread) {
          end["low"] = spread->low * 1e-6;
          end["high"] = spread->high * 1e-6;
        }
        double from = 0;
        for (const auto& [phase, ns] : phases_of(*row.row)) {
          json part = base_entry(row);
          part["phase"] = phase;
          part["opacity"] = opacity_of(phase);
          part["from"] = from * 1e-6;
          part["to"] = (from + ns) * 1e-6;
          part["phase_text"] = format_milliseconds(ns) + " ms";
          part["total_text"] = format_milliseconds(shown_ns(*row.row, report_.shows_whole_steps)) + " ms";
          parts.push_back(part);
          from += ns;
        }
      }
      ends.push_back(end);
    }
    spec["datasets"]["bars"] = parts;
    spec["datasets"]["ends"] = ends;
    std::vector<std::string> domain = ranked_labels_;
    domain.insert(domain.end(), other_labels_.begin(), other_labels_.end());
    put_rows(spec, spec["encoding"]["y"], domain);
    json& first = spec["layer"][0]["encoding"];
    put_series(first["color"]);
    first["x"]["axis"]["title"] = report_.shows_whole_steps
                                      ? "milliseconds a batch"
                                      : "milliseconds a step: forward, loss and backward";
    if (ranked_labels_.empty())  // no time to measure with
      first["x"]["axis"] = {
          {"title", nullptr}, {"labels", false}, {"ticks", false}, {"domain", false}, {"grid", false}};
    return spec;
  }

  json forest() const {
    json spec = start("forest", "time over that of the baseline; " + whose());
    json ratios = json::array();
    for (const auto& row : rows_) {
      if (!row.row->relative) continue;
      json entry = base_entry(row);
      entry["ratio"] = row.row->relative->ratio;
      entry["rounds"] = row.row->relative->rounds;
      entry["text"] = row.row->is_reference ? "baseline" : ratio_with_interval(*row.row->relative);
      if (row.row->relative->interval && !row.row->is_reference) {
        entry["low"] = row.row->relative->interval->low;
        entry["high"] = row.row->relative->interval->high;
      }
      ratios.push_back(entry);
    }
    spec["datasets"]["ratios"] = ratios;
    put_rows(spec, spec["layer"][2]["encoding"]["y"], ranked_labels_);
    put_series(spec["layer"][2]["encoding"]["color"]);
    return spec;
  }

  json trend() const {
    json spec = start("trend", "over versions; " + whose());
    json points = json::array();
    std::vector<std::string> versions, implementations;
    std::map<std::string, int> count;
    for (const auto& row : rows_) count[row.row->a_case.implementation] += row.row->is_ranked();
    for (const auto& row : rows_) {
      const Case& a_case = row.row->a_case;
      if (!row.row->is_ranked() || count[a_case.implementation] < 2) continue;
      json entry = base_entry(row);
      entry["version"] = chart_key(short_version(a_case.version));
      entry["ms"] = shown_ns(*row.row, report_.shows_whole_steps) * 1e-6;
      entry["text"] = format_milliseconds(shown_ns(*row.row, report_.shows_whole_steps)) + " ms";
      if (const auto spread = spread_of(report_, *row.row)) {
        entry["low"] = spread->low * 1e-6;
        entry["high"] = spread->high * 1e-6;
      }
      points.push_back(entry);
      versions.push_back(chart_key(short_version(a_case.version)));
      implementations.push_back(chart_key(a_case.implementation));
    }
    std::sort(versions.begin(), versions.end(), [](const auto& a, const auto& b) { return is_older(a, b); });
    versions.erase(std::unique(versions.begin(), versions.end()), versions.end());
    std::sort(implementations.begin(), implementations.end());
    implementations.erase(std::unique(implementations.begin(), implementations.end()), implementations.end());
    json colors = json::array();
    const auto palette = line_colors();
    for (std::size_t i = 0; i < implementations.size(); ++i)
      colors.push_back(theme_ == ChartTheme::page ? fmt::format("var(--l{})", i % palette.size())
                                                  : palette[i % palette.size()].light);
    spec["datasets"]["points"] = points;
    spec["encoding"]["x"]["scale"]["domain"] = versions;
    spec["encoding"]["color"]["scale"]["domain"] = implementations;
    spec["encoding"]["color"]["scale"]["range"] = colors;
    return spec;
  }

  json peak() const {
    json spec = start("peak", "share of the machine's peak measured in the same run; " + whose());
    json shares = json::array();
    std::vector<std::string> domain;
    double most = 100;
    for (const auto& row : rows_) {
      if (!row.row->peak_percent || !row.row->is_ranked()) continue;
      json entry = base_entry(row);
      entry["percent"] = *row.row->peak_percent;
      entry["text"] =
          fmt::format("{:.0f} % · {} GFLOP/s", *row.row->peak_percent, format_gflops(*row.row->gflops));
      shares.push_back(entry);
      domain.push_back(row.label);
      most = std::max(most, *row.row->peak_percent);
    }
    spec["datasets"]["shares"] = shares;
    put_rows(spec, spec["encoding"]["y"], domain);
    json& bar = spec["layer"][1]["encoding"];
    bar["x"]["scale"]["domain"] = {0, most};
    put_series(bar["color"]);
    return spec;
  }

  const Report& report_;
  const ReportTable& table_;
  ChartTheme theme_;
  std::vector<ChartRow> rows_;
  std::vector<std::string> series_names_, series_colors_, ranked_labels_, other_labels_;
};

std::vector<double> timed_ns(const ReportRow& row) {
  std::vector<double> values;
  for (const auto& [round, sample] : row.samples)
    if (!sample.is_warmup) values.push_back(static_cast<double>(sample.times.headline_ns()));
  return values;
}

}  // namespace

nlohmann::ordered_json chart_config(ChartTheme theme) {
  json config = json::parse(asset("charts/config.json"));
  put_theme(config, theme);
  return config;
}

std::vector<Chart> charts_of(const Report& report, const ReportTable& table, ChartTheme theme) {
  return TableCharts(report, table, theme).all();
}

std::vector<Chart> case_charts() {
  std::vector<Chart> charts;
  for (const char* kind : {"order", "distribution", "ratios"})
    charts.push_back({kind, load(kind, ChartTheme::page)});
  return charts;
}

bool has_intervals(const Report& report) {
  return std::any_of(report.tables.begin(), report.tables.end(), [](const ReportTable& table) {
    return table.most_rounds() >= least_rounds_for_verdicts(1);
  });
}

std::optional<Interval> spread_of(const Report& report, const ReportRow& row) {
  if (!row.is_ranked()) return std::nullopt;
  if (report.shows_whole_steps)
    return Interval{std::max(0.0, *row.total_mean_ns - *row.total_deviation_ns),
                    *row.total_mean_ns + *row.total_deviation_ns};
  std::vector<double> medians;
  for (const auto& [round, time] : row.round_medians) medians.push_back(time);
  // One word stands for the spread of all rows, so a row with too few rounds for an interval has none there.
  if (const auto interval = median_interval(medians); interval || has_intervals(report)) return interval;
  const auto steps = timed_ns(row);
  if (steps.size() < 4) return std::nullopt;
  return Interval{quantile(steps, 0.25), quantile(steps, 0.75)};
}

std::string explain_spread(const Report& report) {
  if (report.shows_whole_steps) return "mean and standard deviation of whole steps";
  return has_intervals(report) ? "median and its 95 % interval over rounds"
                               : "median and quartiles of the steps";
}

std::string time_and_ratio(const Report& report, const ReportTable& table, const ReportRow& row) {
  const double ns = shown_ns(row, report.shows_whole_steps);
  const std::string uncertain = row.verdict == Verdict::inconclusive ? "?" : "";
  if (!report.is_published)
    return fmt::format("{} ms{}", format_milliseconds(ns),
                       row.relative ? " · " + format_ratio(row.relative->ratio) + "×" + uncertain : "");
  double fastest = ns;
  for (const auto& other : table.rows)
    if (other.is_ranked()) fastest = std::min(fastest, shown_ns(other, true));
  return fmt::format("{:.{}f}ms ::: {:.1f}x", ns * 1e-6, fastest > 10e6 ? 0 : 1, row.relative->ratio);
}

std::string ratio_with_interval(const PairedRatio& relative) {
  std::string text = format_ratio(relative.ratio) + "×";
  if (relative.interval)
    text +=
        fmt::format(" ({}–{})", format_ratio(relative.interval->low), format_ratio(relative.interval->high));
  return text;
}

}  // namespace lstmbench
