#include "report/version_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "report/escape.h"
#include "report/numbers.h"
#include "report/series.h"
#include "report/text_width.h"
#include "report/version_order.h"

namespace lstmbench {
namespace {

std::string library_of(const ReportRow& row) {
  return row.a_case.implementation.substr(0, row.a_case.implementation.find('/'));
}

// Shorter for the better one; longest where no version has a time.
double order_of(const std::vector<const ReportRow*>& rows) {
  double best = std::numeric_limits<double>::infinity();
  for (const ReportRow* row : rows)
    if (row->is_ranked()) best = std::min(best, *row->headline_median_ns);
  return best;
}

VersionMatrix matrix_of(const ReportTable& table, const std::string& library,
                        const std::set<std::string>& versions) {
  VersionMatrix matrix{library, {versions.begin(), versions.end()}, {}, {}};
  std::sort(matrix.versions.begin(), matrix.versions.end(),
            [](const std::string& a, const std::string& b) { return is_older(a, b); });
  std::map<std::string, std::vector<const ReportRow*>> rows;
  for (const auto& row : table.rows)
    if (library_of(row) == library) rows[row.a_case.implementation].push_back(&row);
  for (const auto& [implementation, own] : rows) matrix.implementations.push_back(implementation);
  std::stable_sort(
      matrix.implementations.begin(), matrix.implementations.end(),
      [&](const std::string& a, const std::string& b) { return order_of(rows[a]) < order_of(rows[b]); });
  for (const auto& version : matrix.versions) {
    auto& cells = matrix.cells.emplace_back();
    for (const auto& implementation : matrix.implementations) {
      const auto& own = rows[implementation];
      const auto found = std::find_if(own.begin(), own.end(), [&](const ReportRow* row) {
        return short_version(row->a_case.version) == version;
      });
      cells.push_back(found == own.end() ? nullptr : *found);
    }
  }
  return matrix;
}

}  // namespace

std::string VersionMatrix::column(std::size_t implementation) const {
  return implementations[implementation].substr(library.size() + 1);
}

std::vector<VersionMatrix> version_matrices(const ReportTable& table) {
  std::map<std::string, std::set<std::string>> versions;
  for (const auto& row : table.rows)
    if (row.a_case.implementation.find('/') != std::string::npos)
      versions[library_of(row)].insert(short_version(row.a_case.version));
  std::vector<VersionMatrix> matrices;
  for (const auto& [library, own] : versions)
    if (own.size() > 1) matrices.push_back(matrix_of(table, library, own));
  return matrices;
}

std::string cell_text(const ReportRow* row, bool by_whole_steps) {
  if (!row) return "";
  if (!row->is_ranked()) return row->status;
  return (row->is_cold ? "*" : "") + format_milliseconds(shown_ns(*row, by_whole_steps));
}

std::vector<std::string> version_lines(const VersionMatrix& matrix, bool by_whole_steps, int width) {
  std::vector<std::string> names{"version"};
  for (const auto& version : matrix.versions) names.push_back(escape_terminal(version));
  int name_width = 0;
  for (const auto& name : names) name_width = std::max(name_width, text_width(name));

  std::vector<std::string> lines, block;
  for (std::size_t i = 0; i < matrix.implementations.size(); ++i) {
    std::vector<std::string> column{escape_terminal(matrix.column(i))};
    for (const auto& cells : matrix.cells) column.push_back(cell_text(cells[i], by_whole_steps));
    int column_width = 0;
    for (const auto& cell : column) column_width = std::max(column_width, text_width(cell));
    if (!block.empty() && text_width(block.front()) + 2 + column_width > width) {
      lines.insert(lines.end(), block.begin(), block.end());
      block.clear();
    }
    if (block.empty())
      for (const auto& name : names) block.push_back(pad_right(name, name_width));
    for (std::size_t v = 0; v < block.size(); ++v) block[v] += "  " + pad_left(column[v], column_width);
  }
  lines.insert(lines.end(), block.begin(), block.end());
  return lines;
}

}  // namespace lstmbench
