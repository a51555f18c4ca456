// lstmbench calibrate: how far apart does the harness see two measurements of the same?
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>

#include "command.h"
#include "environment.h"
#include "measure.h"
#include "process/interrupt.h"
#include "report/escape.h"
#include "report/text_width.h"
#include "run_ending.h"
#include "verdict/calibration.h"

namespace lstmbench {
namespace {

double own_cpu_s() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

std::string figures(const ErrorDistribution& errors) {
  return fmt::format("{:>6.2f} % {:>6.2f} % {:>6.2f} % {:>6.1f} %", 100 * errors.median, 100 * errors.p95,
                     100 * errors.largest, 100 * errors.false_alarms);
}

void print_calibrations(const std::vector<Calibration>& calibrations, const TerminalStyle& style) {
  std::string shown;
  for (const auto& calibration : calibrations) {
    const std::string name = calibration.a_case.id();
    if (name != shown)
      std::printf("\n%s\n%27s%s\n%27s%s\n", escape_terminal(name).c_str(), "",
                  "error: median      P95      max  false alarms", "", "");
    shown = name;
    std::printf("  %3d rounds  lstmbench    %s\n", calibration.rounds, figures(calibration.own).c_str());
    std::printf("  %10s  seed's       %s   (%d windows, %d apart)\n", "", figures(calibration.seed).c_str(),
                calibration.windows, calibration.disjoint);
  }
  const std::string explanation =
      "Each case was measured twice in every round, under two names; a right harness sees no difference. "
      "lstmbench: median "
      "of the rounds' ratios; a false alarm is a verdict of FASTER or SLOWER. seed's: the same processes' "
      "steps as the "
      "original took them, one block of rounds after the other, mean of whole steps; a false alarm is p < "
      "0.05 in "
      "Welch's t-test. Windows overlap; so many are apart.";
  std::printf("\n");
  for (const auto& line : wrapped(explanation, style.width)) std::printf("%s\n", line.c_str());
}

int print_stored(const StoredRun& stored) {
  const auto calibrations = calibrate(stored);
  if (calibrations.empty()) {
    std::fprintf(stderr,
                 "lstmbench: run %lld has too few rounds with every case measured twice: 12 are needed; give "
                 "`lstmbench calibrate` a larger --budget\n",
                 static_cast<long long>(stored.run.id));
    return exit_inconclusive;
  }
  print_calibrations(calibrations, output_style());
  return exit_ok;
}

int execute(RunFlags& flags, std::optional<int> run, CLI::App& command) {
  if (run) {
    const std::string path = flags.results.empty() ? default_results : flags.results;
    return print_stored(ResultsFile::open_for_reading(path).load_run(*run));
  }
  if (flags.workloads.empty()) flags.workloads = {"1x320/CE-short"};
  if (flags.implementations.empty()) flags.implementations = {"native/fused"};
  const double cpu_before = own_cpu_s();
  const auto start = std::chrono::steady_clock::now();
  Measured measured = measure(flags, {}, command, [](RunOptions& options) {
    options.controls = Controls::every_case;
    options.precision = 0;
    options.most_rounds = 100'000;
  });
  const double elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const int code = print_stored(measured.results.load_run(measured.run_id));
  std::printf("The harness itself used %.2f %% of one CPU during the run.\n",
              100 * (own_cpu_s() - cpu_before) / elapsed_s);
  return is_interrupted() ? 128 + interrupting_signal() : code;
}

}  // namespace

void add_calibrate_command(CLI::App& app, Work& work) {
  CLI::App* command =
      app.add_subcommand("calibrate", "Measure the same twice: the harness's own error, and the original's");
  auto flags = std::make_shared<RunFlags>();
  auto run = std::make_shared<std::optional<int>>();
  add_run_flags(*command, *flags);
  command->add_option("--run", *run, "only show a run that `calibrate` measured before")->type_name("N");
  command->footer(
      "Without --workload and --implementation: 1x320/CE-short, native/fused.\n"
      "Exit status: 0 shown; 4 too few rounds; others as of `lstmbench run`.\n"
      "Example:\n  lstmbench calibrate --budget 10m");
  command->callback([=, &work] { work = [=] { return execute(*flags, *run, *command); }; });
}

}  // namespace lstmbench
