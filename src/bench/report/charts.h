// The charts of a report as Vega-Lite specifications with their data.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "report/model.h"
#include "report/series.h"

namespace lstmbench {

// page: colours are the page's CSS variables, so that light, dark and print need no drawing anew; width is
// that of the element. paper: plain colours on white, a fixed width and a title, for files.
enum class ChartTheme { page, paper };

struct Chart {
  std::string kind;  // "bars", "forest", "trend", "peak": names the specification in charts/
  nlohmann::ordered_json spec;
};
// Those that the table has data for.
std::vector<Chart> charts_of(const Report& report, const ReportTable& table, ChartTheme theme);
// Of a case, without data: "order", "distribution", "ratios".
std::vector<Chart> case_charts();
nlohmann::ordered_json chart_config(ChartTheme theme);

// Whether some row has rounds enough for an interval of its median: then that is what whiskers show.
bool has_intervals(const Report& report);
// Around the shown time: mean and standard deviation of whole steps; else the 95 % interval of the rounds'
// median (nothing for a row with too few) where has_intervals(), else the quartiles of the steps.
// Nanoseconds.
std::optional<Interval> spread_of(const Report& report, const ReportRow& row);
std::string explain_spread(const Report& report);
// "66.94 ms · 1.21×", with a question mark where that is inconclusive; of published results in the original's
// own way: "67ms ::: 1.2x".
std::string time_and_ratio(const Report& report, const ReportTable& table, const ReportRow& row);
// "1.21× (1.18–1.24)"
std::string ratio_with_interval(const PairedRatio& relative);

}  // namespace lstmbench
