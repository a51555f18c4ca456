// The order, names and colours in which charts show the rows of a report.
#pragma once

#include <string>
#include <vector>

#include "report/model.h"

namespace lstmbench {

// A library's version and its colour: one hue a library, the newest version the strongest.
struct Series {
  std::string name;         // "pytorch 2.15.0"
  std::string light, dark;  // "#rrggbb" on a light and on a dark ground
};
std::vector<Series> series_of(const Report& report);
std::string series_name(const Case& a_case);

// Colours of a chart's lines where each is an implementation.
struct LineColor {
  std::string light, dark;
};
std::vector<LineColor> line_colors();

// A row of a table as charts name it: the implementation, and the version where the table has several of it.
struct ChartRow {
  const ReportRow* row = nullptr;
  std::string label;  // unique in its table
};
// Fastest first; where implementations come in several versions, the versions of one stand together, newest
// first, and the implementation with the smallest mean comes first, as in the original. Rows without times
// come last.
std::vector<ChartRow> chart_rows(const ReportTable& table, bool by_whole_steps);
bool has_several_versions(const ReportTable& table);

// A text from outside as a key of a chart's data: those that name a property of every JavaScript object
// ("constructor") get a space behind, because Vega groups by keys of plain objects.
std::string chart_key(const std::string& text);

// "2.15.0" of "2.15.0+cpu"
std::string short_version(const std::string& version);
// Of the headline, or of whole steps where the report shows those.
double shown_ns(const ReportRow& row, bool by_whole_steps);

}  // namespace lstmbench
