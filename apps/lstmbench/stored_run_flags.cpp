#include "stored_run_flags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "store/run_list.h"
#include "workload/nearest.h"

namespace lstmbench {
namespace {

// "1-4, 7": ascending numbers, neighbours together.
std::string in_ranges(const std::vector<std::int64_t>& numbers) {
  std::vector<std::string> ranges;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    ranges.push_back(last == i ? std::to_string(numbers[i])
                               : fmt::format("{}-{}", numbers[i], numbers[last]));
    i = last + 1;
  }
  return fmt::format("{}", fmt::join(ranges, ", "));
}

}  // namespace

void add_stored_run_flags(CLI::App& command, StoredRunFlags& flags) {
  add_results_flags(command, flags.results);
  command.add_option("--run", flags.run, "number of the run, of `lstmbench runs` [the latest]")
      ->type_name("N");
  command
      .add_option("--baseline", flags.baseline,
                  "implementation that others are compared with [that of the run]")
      ->type_name("NAME");
}

StoredRun load_run(ResultsFile& results, const std::string& path, std::optional<std::int64_t> number) {
  const auto latest = results.latest_run();
  if (!latest) throw StorageError(fmt::format("results file '{}' holds no run yet", path));
  if (!number) return results.load_run(*latest);
  const std::vector<RunSummary> runs = list_runs(path);
  std::vector<std::int64_t> numbers;
  for (const auto& run : runs) numbers.push_back(run.number);
  if (std::find(numbers.begin(), numbers.end(), *number) == numbers.end())
    throw StorageError(fmt::format("results file '{}' holds no run {}, only {} (see `lstmbench runs`)", path,
                                   *number, in_ranges(numbers)));
  return results.load_run(*number);
}

StoredRun load_stored_run(const StoredRunFlags& flags) {
  const std::string path = results_path(flags.results);
  ResultsFile results = ResultsFile::open_for_reading(path);
  StoredRun stored = load_run(results, path, flags.run);
  if (flags.baseline.empty()) return stored;
  std::vector<std::string> names;
  for (const auto& one : stored.cases) {
    const std::string& name = one.record.a_case.implementation;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (std::find(names.begin(), names.end(), flags.baseline) == names.end()) {
    std::string hint = did_you_mean(flags.baseline, names);
    if (hint.empty()) hint = fmt::format("; it has {}", fmt::join(names, ", "));
    throw std::invalid_argument(
        fmt::format("--baseline: run {} has no implementation '{}'{}", stored.run.id, flags.baseline, hint));
  }
  stored.run.baseline = flags.baseline;
  return stored;
}

}  // namespace lstmbench
