// What each version of a library took, by implementation: the same numbers as in a table's rows, to be read
// across.
#pragma once

#include <string>
#include <vector>

#include "report/model.h"

namespace lstmbench {

struct VersionMatrix {
  std::string library;                               // "pytorch"
  std::vector<std::string> versions;                 // short ones, oldest first
  std::vector<std::string> implementations;          // whole names; by their fastest version
  std::vector<std::vector<const ReportRow*>> cells;  // [version][implementation]; nullptr: not in the run

  // An implementation without its library: "LSTM@tuned".
  std::string column(std::size_t implementation) const;
};

// One for each library of which the table has several versions. The cells point into the table.
std::vector<VersionMatrix> version_matrices(const ReportTable& table);

// "561", "*18210" where the first step was the measurement, "TIMEOUT"; empty where it was not in the run.
std::string cell_text(const ReportRow* row, bool by_whole_steps);

// For a terminal: lines of at most `width` columns; what has no room stands below, with the versions again.
std::vector<std::string> version_lines(const VersionMatrix& matrix, bool by_whole_steps, int width);

}  // namespace lstmbench
