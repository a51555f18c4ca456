// lstmbench run: measure.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "command.h"
#include "outputs.h"
#include "process/interrupt.h"
#include "report/escape.h"
#include "run/runner.h"
#include "run/utc_time.h"
#include "run_flags.h"

namespace lstmbench {
namespace {

constexpr const char* default_results = "results/lstmbench.db";
// What a plan is made with where the peak could not be measured.
constexpr double assumed_peak_gflops = 200;

std::string own_command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string text, word;
  while (std::getline(file, word, '\0'))
    text += (text.empty() ? "" : " ") + escape_shell(text.empty() ? "lstmbench" : word);
  return text;
}

std::string settings_text(const RunOptions& options) {
  const auto number = [](const std::optional<int>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
  };
  return nlohmann::json{{"workloads", options.workloads},
                        {"implementations", options.implementations},
                        {"dtypes", options.dtypes},
                        {"threads", options.threads},
                        {"no_peers", options.leaves_out_peers},
                        {"rounds", number(options.rounds)},
                        {"steps", number(options.steps)},
                        {"warmup", number(options.warmup)},
                        {"budget_s", options.budget_s},
                        {"time_limit_s", options.time_limit_s},
                        {"check", to_string(options.check)},
                        {"protocol", options.protocol == Protocol::seed ? "seed" : "rounds"},
                        {"baseline", options.baseline}}
      .dump();
}

std::vector<std::string> first_notes(const Plan& plan, const Discovery& discovery) {
  std::vector<std::string> notes;
  for (const auto& worker : discovery.workers)
    if (!worker.hello)
      notes.push_back(fmt::format("skipped: no {} ({})", worker.command.name, worker.problem));
  notes.insert(notes.end(), plan.left_out.begin(), plan.left_out.end());
  std::map<std::string, std::vector<std::string>> variants;  // from what they change to their names
  for (const auto& variant : discovery.variants) {
    const std::string name = fmt::format("{}@{}", variant.implementation, variant.name);
    if (std::any_of(plan.cases.begin(), plan.cases.end(),
                    [&](const PlannedCase& planned) { return planned.a_case.implementation == name; }))
      variants[explain(variant)].push_back(name);
  }
  for (const auto& [change, names] : variants)
    notes.push_back(fmt::format("{}: {}", fmt::join(names, ", "), change));
  return notes;
}

// A case counts against the exit code unless it only ran out of time and nobody asked for it by name.
bool counts(const StoredCase& stored) {
  return stored.status != Status::ok && (stored.status != Status::timeout || stored.record.is_asked_for);
}

void say_last_line(const Report& report, const Discovery& discovery, const std::string& results) {
  int skipped = 0;
  for (const auto& worker : discovery.workers) skipped += worker.hello ? 0 : 1;
  std::string line = fmt::format("{} case{} OK", report.ok, report.ok == 1 ? "" : "s");
  if (report.unchecked > 0) line += fmt::format(", {} unchecked", report.unchecked);
  if (report.not_ok > 0) line += fmt::format(", {} not", report.not_ok);
  if (skipped > 0) line += fmt::format(", {} librar{} skipped", skipped, skipped == 1 ? "y" : "ies");
  std::fprintf(stderr, "%s; run %lld is in %s\n", line.c_str(), static_cast<long long>(report.run.id),
               escape_terminal(results).c_str());
}

int execute(RunFlags& flags, const OutputFlags& outputs, CLI::App& command) {
  const Workers workers = find_workers(flags.workers);
  apply_defaults(command, workers.configuration);
  const RunOptions options = make_options(flags);
  const std::string path = flags.results.empty() ? default_results : flags.results;
  const auto known = known_workloads(workers.configuration);
  select_workloads(options.workloads, known);  // a wrong name is said at once

  catch_interrupts();
  auto progress = make_progress();
  ResultsFile results = ResultsFile::open_for_writing(path);
  require_writable(outputs);
  progress->show({"asking the libraries", "", "", 0, 1, -1});
  const Discovery discovery = discover(workers);
  PeakMeter peak(native_worker(workers.places), options.threads);
  std::vector<PeakReading> first_reading;
  peak.read(first_reading);
  const Plan plan = select_cases(options, known, discovery, peak.fp32_gflops().value_or(assumed_peak_gflops));
  if (plan.cases.empty())
    throw std::invalid_argument(
        "no implementation that can be run has this dtype and device (see `lstmbench list`)");
  if (options.check == CheckMode::none)
    progress->say("warning: --check none: nothing says that what is measured computes the right thing");

  RunSetting setting;
  setting.options = options;
  setting.native = native_worker(workers.places);
  setting.case_arguments = repeat_arguments(flags);
  setting.record.started_at = utc_now();
  setting.record.program_version = LSTMBENCH_VERSION;
  setting.record.command_line = own_command_line();
  setting.record.protocol = options.protocol == Protocol::seed ? "seed" : "rounds";
  setting.record.settings = settings_text(options);
  setting.record.baseline = options.baseline;
  setting.record.notes = first_notes(plan, discovery);
  const RunOutcome outcome = execute_run(plan, discovery, setting, results, peak, *progress);
  progress.reset();

  const StoredRun stored = results.load_run(outcome.run_id);
  const Report report = build_report(stored);
  write_outputs(report, outputs);
  say_last_line(report, discovery, path);
  if (outcome.is_interrupted) return 128 + interrupting_signal();
  return std::any_of(stored.cases.begin(), stored.cases.end(), counts) ? exit_not_ok : exit_ok;
}

}  // namespace

void add_run_command(CLI::App& app, Work& work) {
  CLI::App* command =
      app.add_subcommand("run", "Measure: check every implementation, then time it in rounds");
  auto flags = std::make_shared<RunFlags>();
  auto outputs = std::make_shared<OutputFlags>();
  add_run_flags(*command, *flags);
  add_output_flags(*command, *outputs);
  command->footer(
      "Examples:\n"
      "  lstmbench run                        the four workloads, about 10 minutes\n"
      "  lstmbench run --workload 1x320/CE-long --implementation 'native/*,*/LSTM'\n"
      "  lstmbench run --rounds 6 --dtype bf16 --json out.json\n"
      "Every option is also a variable (--time-limit: LSTMBENCH_TIME_LIMIT) and a key\n"
      "of [run] in lstmbench.toml.\n"
      "Exit status: 0 fine; 1 a case did not end OK (a TIMEOUT counts only where it was\n"
      "asked for by name); 2 usage; 5 results cannot be written; 130, 143 interrupted.");
  command->callback([=, &work] { work = [=] { return execute(*flags, *outputs, *command); }; });
}

}  // namespace lstmbench
