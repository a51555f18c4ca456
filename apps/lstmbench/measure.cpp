#include "measure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "machine/machine.h"
#include "peers.h"
#include "process/interrupt.h"
#include "report/escape.h"
#include "results_flags.h"
#include "run/fitness_notes.h"
#include "run/runner.h"
#include "run/settings.h"
#include "run/utc_time.h"
#include "run_ending.h"

namespace lstmbench {
namespace {

std::string own_command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string text, word;
  while (std::getline(file, word, '\0'))
    text += (text.empty() ? "" : " ") + escape_shell(text.empty() ? "lstmbench" : word);
  return text;
}

std::vector<std::string> first_notes(const Plan& plan, const Discovery& discovery) {
  std::vector<std::string> notes;
  for (const auto& worker : discovery.workers)
    if (!worker.hello)
      notes.push_back(fmt::format("skipped: no {} ({})", worker.command.label(), worker.problem));
  notes.insert(notes.end(), discovery.unknown_variants.begin(), discovery.unknown_variants.end());
  notes.insert(notes.end(), plan.notes.begin(), plan.notes.end());
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

}  // namespace

Measured measure(RunFlags& flags, const OutputFlags& outputs, CLI::App& command,
                 const std::function<void(RunOptions&)>& change) {
  catch_interrupts();
  require_python(flags.workers);
  auto unfit = fitness_warnings(SystemFiles());
  EphemeralPeers ephemeral;  // outlive the run
  if (flags.is_ephemeral)
    ephemeral.install(asked_versions(flags.workers, find_configuration(flags.workers.config)));
  const Workers workers = find_workers(flags.workers);
  apply_defaults(command, workers.configuration);
  RunOptions options = make_options(flags, workers.configuration);
  change(options);
  add_crowding(unfit, options, SystemFiles());
  const std::string path = results_path({flags.results, flags.workers.config});
  const auto known = known_workloads(workers.configuration);
  select_workloads(workloads_asked_for(options), known);  // a wrong name is said at once

  auto progress = make_progress();
  ResultsFile results = ResultsFile::open_for_writing(path, patience_of_a_run(*progress));
  require_writable(outputs, path);
  progress->show({"asking the libraries", "", "", 0, 1, -1});
  const Discovery discovery = discover(workers);
  PeakMeter peak(peak_worker(workers.places, options.device), options.threads);
  std::vector<PeakReading> first_reading;
  peak.read(first_reading);
  const Plan plan = select_cases(options, known, discovery, peak.fp32_gflops().value_or(assumed_peak_gflops));
  if (plan.cases.empty()) throw std::invalid_argument(nothing_to_run);
  if (options.check == CheckMode::none)
    progress->say("warning: --check none: nothing says that what is measured computes the right thing");
  const auto fitness = fitness_notes(unfit, "when the run began", *progress);

  RunSetting setting;
  setting.options = options;
  setting.native = native_worker(workers.places);
  setting.case_arguments = repeat_arguments(flags);
  setting.record.started_at = utc_now();
  setting.record.program_version = LSTMBENCH_VERSION;
  setting.record.command_line = own_command_line();
  setting.record.protocol = options.protocol == Protocol::seed ? "seed" : "rounds";
  setting.record.settings = settings_text(options, setting.case_arguments);
  setting.record.baseline = options.baseline;
  setting.record.notes = first_notes(plan, discovery);
  setting.record.notes.insert(setting.record.notes.end(), fitness.begin(), fitness.end());
  const std::int64_t run_id = execute_run(plan, discovery, setting, results, peak, *progress);
  progress.reset();

  return {std::move(results), run_id, path};
}

}  // namespace lstmbench
