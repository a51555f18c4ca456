#include "stored_run_flags.h"

#include <fmt/format.h>

#include <stdexcept>

#include "store/results_file.h"
#include "workload/nearest.h"

namespace lstmbench {

void add_stored_run_flags(CLI::App& command, StoredRunFlags& flags) {
  command.add_option("--results", flags.results, "SQLite file of the runs [results/lstmbench.db]")
      ->type_name("FILE")
      ->envname("LSTMBENCH_RESULTS");
  command.add_option("--run", flags.run, "number of the run [the latest]")->type_name("N");
  command
      .add_option("--baseline", flags.baseline,
                  "implementation that others are compared with [that of the run]")
      ->type_name("NAME");
}

StoredRun load_stored_run(const StoredRunFlags& flags) {
  ResultsFile results = ResultsFile::open_for_reading(flags.results);
  const auto latest = results.latest_run();
  if (!flags.run && !latest) throw StorageError("results file '" + flags.results + "' holds no run yet");
  StoredRun stored = results.load_run(flags.run ? *flags.run : *latest);
  if (flags.baseline.empty()) return stored;
  std::vector<std::string> names;
  for (const auto& one : stored.cases) names.push_back(one.record.a_case.implementation);
  if (std::find(names.begin(), names.end(), flags.baseline) == names.end())
    throw std::invalid_argument(fmt::format("--baseline: run {} has no implementation '{}'{}", stored.run.id,
                                            flags.baseline, did_you_mean(flags.baseline, names)));
  stored.run.baseline = flags.baseline;
  return stored;
}

}  // namespace lstmbench
