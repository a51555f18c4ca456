// lstmbench plan: what `run` would do, and about how long it would take.
#include <fmt/format.h>

#include <algorithm>

#include "command.h"
#include "environment.h"
#include "machine/machine.h"
#include "measure.h"
#include "process/interrupt.h"
#include "process/worker_session.h"
#include "report/escape.h"
#include "report/name_list.h"
#include "report/text_width.h"
#include "run/expected_precision.h"
#include "run/measure_case.h"
#include "run/peak_meter.h"
#include "run/problems.h"
#include "run/selection.h"
#include "run_flags.h"

namespace lstmbench {
namespace {

constexpr std::chrono::minutes prepare_limit{5};

// Prepares a case at full size and asks for its workspace; says why it cannot be had.
std::string workspace_of(const Case& a_case, Problems& problems) {
  try {
    WorkerSession session(a_case.worker);
    const Prepared prepared = session.prepare(a_case, problems.folder_of(a_case.workload), prepare_limit);
    session.quit(prepare_limit);
    return prepared.workspace_bytes ? format_bytes(*prepared.workspace_bytes) : "not known";
  } catch (const WorkerFailure& failure) {
    if (failure.status == Status::interrupted) throw;
    return to_string(failure.status);
  }
}

// One for each case. Preparing a program of ours at full size takes a second, loading a large library
// several.
std::vector<std::string> workspaces_of(const Plan& plan, bool asks_every, Progress& progress) {
  TemporaryDirectory directory;
  Problems problems(directory);
  std::vector<std::string> workspaces;
  for (const auto& [a_case, is_asked_for, step_s, status, problem] : plan.cases) {
    const bool asks = status == Status::ok && (asks_every || a_case.worker.name == "native");
    if (asks)
      progress.show({"preparing, to see the memory it takes",
                     a_case.workload.name + "  " + a_case.implementation, a_case.dtype,
                     static_cast<int>(workspaces.size()), static_cast<int>(plan.cases.size()), -1});
    workspaces.push_back(asks ? workspace_of(a_case, problems) : "not asked");
  }
  return workspaces;
}

// What to expect of each table, one sentence for those of which it is the same.
std::vector<std::string> expectations(const Plan& plan, const RunOptions& options) {
  std::vector<std::pair<std::string, std::vector<std::string>>> tables_of;  // by sentence, in their order
  for (const auto& expected : expected_precision(plan, options)) {
    std::string sentence =
        fmt::format("{} round{} expected", expected.rounds, expected.rounds == 1 ? "" : "s");
    if (expected.half_width)
      sentence += fmt::format(", ratios to about +-{:.1f} %", 100 * *expected.half_width);
    if (expected.rounds < expected.rounds_for_verdicts)
      sentence += fmt::format("; verdicts take {} with so many rows: give {}", expected.rounds_for_verdicts,
                              options.rounds ? "more --rounds" : "a larger --budget");
    auto same = std::find_if(tables_of.begin(), tables_of.end(),
                             [&](const auto& each) { return each.first == sentence; });
    if (same == tables_of.end()) same = tables_of.insert(tables_of.end(), {sentence, {}});
    same->second.push_back(expected.table);
  }
  std::vector<std::string> lines;
  for (const auto& [sentence, tables] : tables_of)
    lines.push_back(name_list(tables, 4, "; ") + ": " + sentence);
  return lines;
}

int print_plan(RunFlags& flags, bool asks_every_workspace, CLI::App& command) {
  require_python(flags.workers);
  const Workers workers = find_workers(flags.workers);
  apply_defaults(command, workers.configuration);
  const RunOptions options = make_options(flags, workers.configuration);
  const auto known = known_workloads(workers.configuration);
  select_workloads(workloads_asked_for(options), known);
  catch_interrupts();
  auto progress = make_progress();
  progress->show({"asking the libraries", "", "", 0, 1, -1});
  const Discovery discovery = discover(workers);
  progress->show({"measuring the machine's peak", "", "", 0, 1, -1});
  PeakMeter peak(peak_worker(workers.places, options.device), options.threads);
  std::vector<PeakReading> readings;
  peak.read(readings);
  const Plan plan = select_cases(options, known, discovery, peak.fp32_gflops().value_or(assumed_peak_gflops));

  const std::vector<std::string> workspaces = workspaces_of(plan, asks_every_workspace, *progress);
  progress.reset();

  const TerminalStyle style = output_style();
  double round_s = 0;
  std::string workload;
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    const PlannedCase& planned = plan.cases[i];
    const Case& a_case = planned.a_case;
    if (workload != a_case.workload.name)
      std::printf("%s%-29s dtype   threads       step      round  workspace\n", workload.empty() ? "" : "\n",
                  escape_terminal(a_case.workload.name).c_str());
    workload = a_case.workload.name;
    const std::string name =
        pad_right(shortened(escape_terminal(a_case.implementation), 27, style.uses_unicode), 27);
    if (planned.status != Status::ok) {
      std::printf("  %s %s: %s\n", name.c_str(), to_string(planned.status).c_str(),
                  escape_terminal(planned.problem).c_str());
      continue;
    }
    const double case_s = estimated_round_s(a_case, planned.step_s, options);
    round_s += case_s;
    std::printf("%s\n", fmt::format("  {} {:<6} {:>8}  {:>9}  {:>9}  {}", name, a_case.dtype, a_case.threads,
                                    format_duration(planned.step_s), format_duration(case_s), workspaces[i])
                            .c_str());
  }
  std::printf("\n%zu case%s, about %s a round", plan.cases.size(), plan.cases.size() == 1 ? "" : "s",
              format_duration(round_s).c_str());
  if (options.rounds)
    std::printf("; %d round%s: about %s\n", *options.rounds, *options.rounds == 1 ? "" : "s",
                format_duration(*options.rounds * round_s).c_str());
  else
    std::printf("; rounds go on until %.3g %% or %s\n", 100 * options.precision,
                format_duration(options.budget_s).c_str());
  for (const auto& line : expectations(plan, options))
    for (const auto& text : wrapped(escape_terminal(line), style.width - 2))
      std::printf("  %s\n", text.c_str());
  std::vector<std::string> notes = plan.notes;
  if (plan.cases.empty()) notes.push_back(nothing_to_run);
  notes.insert(notes.end(), plan.left_out.begin(), plan.left_out.end());
  for (const auto& worker : discovery.workers)
    if (!worker.hello)
      notes.push_back(fmt::format("skipped: no {} ({})", worker.command.label(), worker.problem));
  for (const auto& note : notes)
    for (const auto& line : wrapped(escape_terminal(note), style.width - 2))
      std::printf("  %s\n", line.c_str());
  return exit_ok;
}

}  // namespace

void add_plan_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand("plan", "Show what `run` would do and about how long it would take");
  auto flags = std::make_shared<RunFlags>();
  auto asks_workspace = std::make_shared<bool>(false);
  add_run_flags(*command, *flags);
  command->add_flag("--workspace", *asks_workspace,
                    "ask the other libraries, too, for their memory (takes longer)");
  command->footer(
      "Times are estimates from the machine's peak; `run` refines them as it measures.\n"
      "Examples:\n"
      "  lstmbench plan\n"
      "  lstmbench plan --workload '4x320/*' --rounds 6 --workspace");
  command->callback([=, &work] { work = [=] { return print_plan(*flags, *asks_workspace, *command); }; });
}

}  // namespace lstmbench
