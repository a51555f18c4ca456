// lstmbench resume: go on with a run.
#include <fmt/format.h>

#include "command.h"
#include "environment.h"
#include "process/interrupt.h"
#include "report/rnn_benchmarks/read.h"
#include "run/runner.h"
#include "run/settings.h"
#include "run_ending.h"

namespace lstmbench {
namespace {

struct ResumeFlags {
  std::string results = default_results;
  std::optional<int> run, rounds;
  std::string budget;
  OutputFlags outputs;
};

// The stored options, with more asked of them where the flags do. True where they ask more.
bool extend(RunOptions& options, const ResumeFlags& flags) {
  if (flags.rounds) options.rounds = *flags.rounds;
  if (!flags.budget.empty()) {
    try {
      options.budget_s = parse_duration(flags.budget);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(fmt::format("--budget: {}", error.what()));
    }
    if (!flags.rounds) options.rounds.reset();
  }
  return flags.rounds || !flags.budget.empty();
}

int resume(const ResumeFlags& flags) {
  if (!std::filesystem::exists(flags.results)) ResultsFile::open_for_reading(flags.results);  // says so
  ResultsFile results = ResultsFile::open_for_writing(flags.results);
  const auto latest = results.latest_run();
  if (!latest) throw StorageError(fmt::format("results file '{}' holds no run yet", flags.results));
  const StoredRun stored = results.load_run(flags.run.value_or(static_cast<int>(*latest)));
  if (is_published(stored.run))
    throw std::invalid_argument(
        fmt::format("run {} was imported, not measured here, and cannot be resumed; `lstmbench run` starts a "
                    "run, `lstmbench report --run {}` shows this one",
                    stored.run.id, stored.run.id));
  Settings settings = read_settings(stored.run.settings);
  const bool asks_more = extend(settings.options, flags);
  if (stored.run.state == RunState::finished && !asks_more) {
    std::fprintf(stderr, "run %lld is finished; --rounds N or --budget TIME measures more of it\n",
                 static_cast<long long>(stored.run.id));
    return report_run(results, stored.run.id, flags.outputs, flags.results);
  }
  require_writable(flags.outputs, flags.results);
  catch_interrupts();
  auto progress = make_progress();
  RunSetting setting;
  setting.options = settings.options;
  setting.native = native_worker(worker_places());
  setting.case_arguments = settings.case_arguments;
  PeakMeter peak(peak_worker(worker_places(), settings.options.device), settings.options.threads);
  resume_run(stored, setting, results, peak, *progress);
  progress.reset();
  return report_run(results, stored.run.id, flags.outputs, flags.results);
}

}  // namespace

void add_resume_command(CLI::App& app, Work& work) {
  CLI::App* command =
      app.add_subcommand("resume", "Go on with a run that was interrupted, or measure more of it");
  auto flags = std::make_shared<ResumeFlags>();
  command->add_option("--results", flags->results, "SQLite file of the runs [results/lstmbench.db]")
      ->type_name("FILE")
      ->envname("LSTMBENCH_RESULTS");
  command->add_option("--run", flags->run, "number of the run [the latest]")->type_name("N");
  command->add_option("--rounds", flags->rounds, "rounds in all [what the run was asked for]")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  command
      ->add_option("--budget", flags->budget,
                   "time in all, what was spent included [what the run was asked for]")
      ->type_name("TIME");
  add_output_flags(*command, flags->outputs);
  command->footer(
      "Everything else is as the run was asked for. What was measured is kept, and\n"
      "the round that was not finished goes on. A library or a machine that changed is\n"
      "refused.\n"
      "Exit status: as of `lstmbench run`.\n"
      "Example:\n  lstmbench resume --budget 20m");
  command->callback([=, &work] { work = [=] { return resume(*flags); }; });
}

}  // namespace lstmbench
