// What a comparison's rows and notes say, on a terminal and in Markdown alike.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "verdict/compare_runs.h"

namespace lstmbench {

// The version of each library whose cases all have the same one, in both runs: it need not stand in each row.
using CommonVersions = std::map<std::string, std::string>;
CommonVersions common_versions(const RunComparison& comparison);
// "Both runs: native 0.1.0, onednn 3.2.0"; empty where there is none.
std::string common_versions_text(const CommonVersions& common);

// Name, before, after, change, interval, verdict: the cells below `comparison_header`. uses_anchor: what is
// compared are ratios, not times.
using ComparisonCells = std::array<std::string, 6>;
ComparisonCells comparison_header(bool uses_anchor);
ComparisonCells cells_of(const ComparedCase& compared, const CommonVersions& common, bool uses_anchor);

// Whether a case's note holds for others, too, and is said once below the tables: that it is in one run only,
// or that there are too few rounds.
bool has_shared_note(const ComparedCase& compared);
// "missing in the second run - 1x320/CE-short, fp32, cpu, 2 threads: native/basic, native/fused"
std::vector<std::string> shared_notes(const RunComparison& comparison, const CommonVersions& common);

// How to read the table.
std::string comparison_explanation();

}  // namespace lstmbench
