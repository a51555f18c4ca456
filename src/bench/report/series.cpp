#include "report/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "report/version_order.h"
#include "statistics/summary.h"

namespace lstmbench {
namespace {

std::string library_of(const Case& a_case) {
  return a_case.implementation.substr(0, a_case.implementation.find('/'));
}

// CSS Color Module Level 4, section 7.1: hue in degrees, saturation and lightness in percent.
std::string hsl(double hue, double saturation, double lightness) {
  const double s = saturation / 100, l = lightness / 100, a = s * std::min(l, 1 - l);
  const auto part = [&](double n) {
    const double k = std::fmod(n + hue / 30, 12);
    return static_cast<int>(std::lround(255 * (l - a * std::max(-1.0, std::min({k - 3, 9 - k, 1.0})))));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", part(0), part(8), part(4));
}

struct Hue {
  double degrees, saturation;
};
// Apart for eyes that do not tell red from green: blue, orange, teal, purple, ochre, grey.
constexpr std::array hues{Hue{218, 72}, Hue{17, 68}, Hue{178, 55}, Hue{268, 45}, Hue{44, 65}, Hue{215, 12}};

}  // namespace

std::string chart_key(const std::string& text) {
  const bool is_identifier = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
  return is_identifier ? text + " " : text;
}

std::string short_version(const std::string& version) {
  return version.substr(0, version.find('+'));
}

std::string series_name(const Case& a_case) {
  return library_of(a_case) + " " + short_version(a_case.version);
}

std::vector<Series> series_of(const Report& report) {
  std::vector<std::string> libraries;  // native first, whichever runs first
  std::map<std::string, std::set<std::string>> versions;
  for (const auto& table : report.tables)
    for (const auto& row : table.rows) {
      const std::string library = library_of(row.a_case);
      if (versions[library].empty()) libraries.push_back(library);
      versions[library].insert(short_version(row.a_case.version));
    }
  // Blue is for this project's own engines, in every report.
  const auto native = std::find(libraries.begin(), libraries.end(), "native");
  if (native != libraries.end())
    std::rotate(libraries.begin(), native, native + 1);
  else
    libraries.insert(libraries.begin(), "native");
  std::sort(libraries.begin() + 1, libraries.end(), std::greater<>());  // the same colours in every report
  std::vector<Series> result;
  for (std::size_t i = 0; i < libraries.size(); ++i) {
    std::vector<std::string> own(versions[libraries[i]].begin(), versions[libraries[i]].end());
    std::sort(own.begin(), own.end(), [](const auto& a, const auto& b) { return is_older(b, a); });
    const Hue& hue = hues[std::min(i, hues.size() - 1)];
    for (std::size_t v = 0; v < own.size(); ++v) {
      const double age = own.size() < 2 ? 0 : static_cast<double>(v) / static_cast<double>(own.size() - 1);
      result.push_back({libraries[i] + " " + own[v], hsl(hue.degrees, hue.saturation, 47 + 34 * age),
                        hsl(hue.degrees, hue.saturation, 62 - 32 * age)});
    }
  }
  return result;
}

std::vector<LineColor> line_colors() {
  std::vector<LineColor> result;
  for (const auto& hue : hues)
    result.push_back({hsl(hue.degrees, hue.saturation, 47), hsl(hue.degrees, hue.saturation, 64)});
  return result;
}

double shown_ns(const ReportRow& row, bool by_whole_steps) {
  return by_whole_steps ? *row.total_mean_ns : *row.headline_median_ns;
}

bool has_several_versions(const ReportTable& table) {
  std::set<std::string> seen;
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const ReportRow& row) {
    return row.is_ranked() && !seen.insert(row.a_case.implementation).second;
  });
}

std::vector<ChartRow> chart_rows(const ReportTable& table, bool by_whole_steps) {
  std::map<std::string, int> versions, same_short_version;
  std::map<std::string, std::vector<double>> times;
  for (const auto& row : table.rows) {
    ++versions[row.a_case.implementation];
    ++same_short_version[row.a_case.implementation + "  " + short_version(row.a_case.version)];
    if (row.is_ranked()) times[row.a_case.implementation].push_back(shown_ns(row, by_whole_steps));
  }
  std::vector<ChartRow> result;
  std::set<std::string> taken;
  for (const auto& row : table.rows) {
    const Case& a_case = row.a_case;
    std::string label = a_case.implementation;
    if (versions[label] > 1) label += "  " + short_version(a_case.version);
    if (same_short_version[label] > 1) label = a_case.implementation + "  " + a_case.version;
    while (!taken.insert(label).second) label += ' ';  // an implementation called like another's version
    result.push_back({&row, chart_key(label)});
  }
  const bool has_groups = has_several_versions(table);
  std::stable_sort(result.begin(), result.end(), [&](const ChartRow& a, const ChartRow& b) {
    if (a.row->is_ranked() != b.row->is_ranked()) return a.row->is_ranked();
    if (!a.row->is_ranked() || !has_groups) return false;  // the table is sorted by time
    const Case &x = a.row->a_case, &y = b.row->a_case;
    const double mean_a = mean(times[x.implementation]), mean_b = mean(times[y.implementation]);
    if (mean_a != mean_b) return mean_a < mean_b;
    if (x.implementation != y.implementation) return x.implementation < y.implementation;
    return is_older(y.version, x.version);
  });
  return result;
}

}  // namespace lstmbench
