#include "comparison_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "report/numbers.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

std::string amount(const std::optional<double>& value, bool uses_anchor) {
  if (!value) return "";
  return uses_anchor ? format_ratio(*value) : format_milliseconds(*value);
}

std::string change_of(const ComparedCase& compared) {
  return compared.ratio ? fmt::format("{:+.1f} %", 100 * (compared.ratio->ratio - 1)) : "";
}

std::string interval_of(const ComparedCase& compared) {
  if (!compared.ratio || !compared.ratio->interval) return "";
  const auto& [low, high] = *compared.ratio->interval;
  return fmt::format("{:+.1f} to {:+.1f}", 100 * (low - 1), 100 * (high - 1));
}

std::string verdict_of(const ComparedCase& compared) {
  if (compared.verdict) return to_string(*compared.verdict);
  if (compared.became_worse || compared.second_status == Status::interrupted)
    return to_string(compared.second_status);
  return compared.is_undecided ? to_string(Verdict::inconclusive) : "";
}

std::string name_of(const ComparedCase& compared, const CommonVersions& common) {
  const std::string& name = compared.a_case.implementation;
  const std::string &first = compared.first_version, &second = compared.second_version;
  if (common.contains(compared.a_case.worker.name)) return name;
  if (first.empty() || second.empty() || first == second)
    return name + " " + (first.empty() ? second : first);
  return fmt::format("{} {} > {}", name, first, second);
}

}  // namespace

CommonVersions common_versions(const RunComparison& comparison) {
  std::map<std::string, std::set<std::string>> versions;
  for (const auto& compared : comparison.cases)
    for (const auto& version : {compared.first_version, compared.second_version})
      if (!version.empty()) versions[compared.a_case.worker.name].insert(version);
  CommonVersions common;
  for (const auto& [library, all] : versions)
    if (all.size() == 1) common[library] = *all.begin();
  return common;
}

std::string common_versions_text(const CommonVersions& common) {
  std::vector<std::string> libraries;
  for (const auto& [library, version] : common) libraries.push_back(library + " " + version);
  return libraries.empty() ? "" : fmt::format("Both runs: {}", fmt::join(libraries, ", "));
}

ComparisonCells comparison_header(bool uses_anchor) {
  if (uses_anchor) return {"times the anchor's", "before", "after", "change", "95 %", "verdict"};
  return {"ms/step", "before", "after", "change", "95 %", "verdict"};
}

ComparisonCells cells_of(const ComparedCase& compared, const CommonVersions& common, bool uses_anchor) {
  return {name_of(compared, common),
          amount(compared.first_ns, uses_anchor),
          amount(compared.second_ns, uses_anchor),
          change_of(compared),
          interval_of(compared),
          verdict_of(compared)};
}

bool has_shared_note(const ComparedCase& compared) {
  return !compared.note.empty() && (!compared.is_in_both || compared.has_few_rounds);
}

std::vector<std::string> shared_notes(const RunComparison& comparison, const CommonVersions& common) {
  struct Cases {
    std::string note;
    std::vector<std::pair<std::string, std::vector<std::string>>> tables;  // and the names in each
  };
  std::vector<Cases> groups;
  for (const auto& compared : comparison.cases) {
    if (!has_shared_note(compared)) continue;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Cases& known) { return known.note == compared.note; });
    if (group == groups.end()) group = groups.insert(group, {compared.note, {}});
    const std::string table = table_of(compared.a_case);
    if (group->tables.empty() || group->tables.back().first != table) group->tables.push_back({table, {}});
    group->tables.back().second.push_back(name_of(compared, common));
  }
  std::vector<std::string> notes;
  for (const auto& group : groups) {
    std::vector<std::string> tables;
    for (const auto& [table, names] : group.tables)
      tables.push_back(fmt::format("{}: {}", table, fmt::join(names, ", ")));
    notes.push_back(fmt::format("{} - {}", group.note, fmt::join(tables, "; ")));
  }
  return notes;
}

std::string comparison_explanation() {
  return "Change: the median of all quotients of a round after and a round before, with its 95 % interval "
         "(Hodges and Lehmann). FASTER, SLOWER: by the rank-sum test with Holm's correction for all cases, "
         "and by more than the margin. EQUIVALENT: the interval lies within the margin.";
}

}  // namespace lstmbench
