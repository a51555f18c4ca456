#include "results_flags.h"

#include "command.h"

namespace lstmbench {

void add_results_flags(CLI::App& command, ResultsFlags& flags) {
  command.add_option("--results", flags.results, "SQLite file of the runs [results/lstmbench.db]")
      ->type_name("FILE")
      ->envname("LSTMBENCH_RESULTS");
  command
      .add_option("--config", flags.config,
                  "TOML file whose [run] table may name another results file [lstmbench.toml]")
      ->type_name("FILE")
      ->envname("LSTMBENCH_CONFIG");
}

std::string results_path(const ResultsFlags& flags) {
  if (!flags.results.empty()) return flags.results;
  const Configuration configuration = find_configuration(flags.config);
  const auto found = configuration.run_defaults.find("results");
  return found == configuration.run_defaults.end() ? "results/lstmbench.db" : found->second.text;
}

}  // namespace lstmbench
