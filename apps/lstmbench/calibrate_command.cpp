// lstmbench calibrate: how far apart does the harness see two measurements of the same?
#include <fmt/format.h>

#include <cmath>

#include "command.h"
#include "environment.h"
#include "measure.h"
#include "process/interrupt.h"
#include "report/escape.h"
#include "report/model.h"
#include "report/text_width.h"
#include "results_flags.h"
#include "run/settings.h"
#include "stored_run_flags.h"
#include "verdict/calibration.h"

namespace lstmbench {
namespace {

std::string figures(const ErrorDistribution& errors) {
  return fmt::format("{:>6.2f} % {:>6.2f} % {:>6.2f} % {:>11.1f} % {:>7} {:>6}", 100 * errors.median,
                     100 * errors.p95, 100 * errors.largest, 100 * errors.false_alarms, errors.windows,
                     errors.disjoint);
}

void print_calibrations(const std::vector<Calibration>& calibrations, const TerminalStyle& style) {
  std::string shown;
  for (const auto& calibration : calibrations) {
    const std::string name = calibration.a_case.id();
    if (name != shown) {
      const auto& [relative, p, verdict] = calibration.whole;  // of 12 rounds at least: with an interval
      std::printf("\n%s\n  all %d rounds: %.2f %% apart (%+.2f to %+.2f %%), %s\n\n",
                  escape_terminal(name).c_str(), relative.rounds, 100 * std::abs(relative.ratio - 1),
                  100 * (relative.interval->low - 1), 100 * (relative.interval->high - 1),
                  to_string(verdict).c_str());
      std::printf("%32s%9s%9s%14s%8s%7s\n", "error: median", "P95", "max", "false alarms", "windows",
                  "apart");
    }
    shown = name;
    std::printf("  %3d rounds  lstmbench %s\n", calibration.rounds, figures(calibration.own).c_str());
    std::printf("  %10s  original  %s\n", "", figures(calibration.original).c_str());
  }
  const std::string explanation =
      "Each case was measured twice in every round, under two names; a right harness sees no difference. "
      "lstmbench: median "
      "of the rounds' ratios; a false alarm is a verdict of FASTER or SLOWER. original: the same processes' "
      "steps as the "
      "2018 benchmark took them, one block of rounds after the other, mean of whole steps; a false alarm is "
      "p < "
      "0.05 in "
      "Welch's t-test. Windows are the comparisons of so many rounds that the run holds; they overlap, so "
      "many are apart.";
  std::printf("\n");
  for (const auto& line : wrapped(explanation, style.width)) std::printf("%s\n", line.c_str());
}

bool is_calibration(const StoredRun& stored) {
  try {
    return read_settings(stored.run.settings).options.controls == Controls::every_case;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

int print_stored(const StoredRun& stored) {
  const auto calibrations = calibrate(stored);
  for (const auto* list : {&stored.cases, &stored.controls})
    for (const auto& measured : *list)
      if (measured.status != Status::ok && measured.status != Status::interrupted) {
        std::fprintf(stderr, "lstmbench: %s ended %s: %s\n",
                     escape_terminal(measured.record.a_case.id()).c_str(), to_string(measured.status).c_str(),
                     escape_terminal(measured.message).c_str());
        return exit_not_ok;
      }
  if (calibrations.empty()) {
    std::fprintf(stderr,
                 "lstmbench: run %lld has too few rounds with every case measured twice: %d are needed; give "
                 "`lstmbench calibrate` a larger --budget\n",
                 static_cast<long long>(stored.run.id), least_calibration_rounds);
    return exit_inconclusive;
  }
  print_calibrations(calibrations, output_style());
  for (const auto& note : build_report(stored).footnotes)
    for (const auto& line : wrapped(escape_terminal(note), output_style().width))
      std::printf("%s\n", line.c_str());
  return exit_ok;
}

int execute(RunFlags& flags, std::optional<int> run, CLI::App& command) {
  if (run) {
    const std::string path = results_path({flags.results, flags.workers.config});
    ResultsFile results = ResultsFile::open_for_reading(path);
    const StoredRun stored = load_run(results, path, run);
    if (!is_calibration(stored))
      throw std::invalid_argument(
          fmt::format("--run: run {} of '{}' was not measured by `lstmbench calibrate`; `lstmbench report "
                      "--run {}` shows it",
                      *run, path, *run));
    return print_stored(stored);
  }
  if (flags.workloads.empty()) flags.workloads = {"1x320/CE-short"};
  if (flags.implementations.empty()) flags.implementations = {"native/fused"};
  Measured measured = measure(flags, {}, command, [](RunOptions& options) {
    if (options.rounds && *options.rounds < least_calibration_rounds)
      throw std::invalid_argument(
          fmt::format("--rounds: a calibration needs at least {}", least_calibration_rounds));
    options.controls = Controls::every_case;
    options.precision = 0;
    options.most_rounds = most_rounds_of_a_budget;
  });
  const int code = print_stored(measured.results.load_run(measured.run_id));
  return is_interrupted() ? 128 + interrupting_signal() : code;
}

}  // namespace

void add_calibrate_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand(
      "calibrate", "Measure the same twice: the harness's own error, and the 2018 benchmark's");
  auto flags = std::make_shared<RunFlags>();
  auto run = std::make_shared<std::optional<int>>();
  add_run_flags(*command, *flags);
  // It measures rounds until the budget is spent, and compares each case with itself.
  for (const char* name : {"--protocol", "--precision", "--baseline"})
    command->remove_option(command->get_option(name));
  command->get_option("--workload")->description("names or patterns ('4x320/*') [1x320/CE-short]");
  command->get_option("--implementation")->description("names or patterns ('native/*') [native/fused]");
  command->get_option("--rounds")
      ->description(
          fmt::format("measure every case in exactly N rounds, at least {} [until the budget is spent]",
                      least_calibration_rounds));
  command->add_option("--run", *run, "only show a run that `calibrate` measured before")->type_name("N");
  command->footer(
      "Exit status: 0 shown; 4 too few rounds; others as of `lstmbench run`.\n"
      "Examples:\n"
      "  lstmbench calibrate --budget 10m\n"
      "  lstmbench calibrate --run 3");
  command->callback([=, &work] { work = [=] { return execute(*flags, *run, *command); }; });
}

}  // namespace lstmbench
