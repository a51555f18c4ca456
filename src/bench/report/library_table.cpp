#include "report/library_table.h"

#include <algorithm>
#include <array>

namespace lstmbench {
namespace {

// What makes versions of a library differ, in the order of its columns.
constexpr std::array facts{"released", "python", "oneDNN", "MKL", "CUDA", "cuDNN"};

bool says(const LibraryRecord& library, const std::string& fact) {
  return library.problem.empty() && library.build.count(fact) > 0;
}

}  // namespace

LibraryTable library_table(const Report& report) {
  LibraryTable table{{"worker", "version"}, {}};
  std::vector<std::string> shown;
  for (const std::string fact : facts)
    if (std::any_of(report.libraries.begin(), report.libraries.end(),
                    [&](const LibraryRecord& library) { return says(library, fact); }))
      shown.push_back(fact);
  table.titles.insert(table.titles.end(), shown.begin(), shown.end());
  table.titles.emplace_back("build");
  for (const auto& library : report.libraries) {
    auto& row = table.rows.emplace_back();
    row = {library.worker.name, library.version.empty() ? library.worker.version : library.version};
    for (const auto& fact : shown) row.push_back(says(library, fact) ? library.build.at(fact) : "");
    std::string rest;
    for (const auto& [name, value] : library.build)
      if (std::find(shown.begin(), shown.end(), name) == shown.end())
        rest += (rest.empty() ? "" : ", ") + name + " " + value;
    row.push_back(library.problem.empty() ? rest : "not available: " + library.problem);
  }
  return table;
}

}  // namespace lstmbench
