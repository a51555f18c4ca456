// lstmbench resume: go on with a run.
#include <fmt/format.h>

#include "command.h"
#include "environment.h"
#include "flag_checks.h"
#include "process/interrupt.h"
#include "report/rnn_benchmarks/read.h"
#include "run/runner.h"
#include "run/settings.h"
#include "run_ending.h"
#include "stored_run_flags.h"

namespace lstmbench {
namespace {

struct ResumeFlags {
  ResultsFlags results;
  std::optional<int> run, rounds;
  std::string budget;
  OutputFlags outputs;
};

// The stored options, with more asked of them where the flags do. True where they ask more.
bool extend(RunOptions& options, const ResumeFlags& flags) {
  if (flags.rounds) options.rounds = *flags.rounds;
  if (!flags.budget.empty()) {
    options.budget_s = parse_duration(flags.budget);
    if (!flags.rounds) options.rounds.reset();
  }
  return flags.rounds || !flags.budget.empty();
}

int resume(const ResumeFlags& flags) {
  const std::string path = results_path(flags.results);
  if (!std::filesystem::exists(path)) ResultsFile::open_for_reading(path);  // says so
  ResultsFile results = ResultsFile::open_for_writing(path);
  const StoredRun stored = load_run(results, path, flags.run);
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
    return report_run(results, stored.run.id, flags.outputs, path);
  }
  require_writable(flags.outputs, path);
  catch_interrupts();
  auto progress = make_progress();
  RunSetting setting;
  setting.options = settings.options;
  setting.native = native_worker(worker_places());
  setting.case_arguments = settings.case_arguments;
  PeakMeter peak(peak_worker(worker_places(), settings.options.device), settings.options.threads);
  resume_run(stored, setting, results, peak, *progress);
  progress.reset();
  return report_run(results, stored.run.id, flags.outputs, path);
}

}  // namespace

void add_resume_command(CLI::App& app, Work& work) {
  CLI::App* command =
      app.add_subcommand("resume", "Go on with a run that was interrupted, or measure more of it");
  auto flags = std::make_shared<ResumeFlags>();
  add_results_flags(*command, flags->results);
  command->add_option("--run", flags->run, "number of the run, of `lstmbench runs` [the latest]")
      ->type_name("N");
  command->add_option("--rounds", flags->rounds, "rounds in all [what the run was asked for]")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  command
      ->add_option("--budget", flags->budget,
                   "time in all, what was spent included [what the run was asked for]")
      ->type_name("TIME")
      ->check(is_duration());
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
