#include "run_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "flag_checks.h"
#include "machine/cpus.h"
#include "usage_error.h"

namespace lstmbench {
namespace {

constexpr int most_threads = 4096;
constexpr int most_steps = 1'000'000;
constexpr const char* former_name_of_original = "seed";

// --time-limit may also be given as LSTMBENCH_TIME_LIMIT.
CLI::Option* with_variable(CLI::Option* option) {
  std::string name = option->get_name().substr(2);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return option->envname("LSTMBENCH_" + name);
}

template <typename Value>
CLI::Option* add(CLI::App& command, const std::string& name, Value& value, const std::string& help,
                 const char* type) {
  return with_variable(command.add_option(name, value, help)->type_name(type));
}

}  // namespace

void add_selection_flags(CLI::App& command, RunFlags& flags) {
  add(command, "--workload", flags.workloads,
      "names or patterns ('4x320/*') [the four of the 2018 benchmark]", "NAME,...")
      ->delimiter(',')
      ->allow_extra_args(false);
  add(command, "--implementation", flags.implementations,
      "names or patterns ('native/*') [all that make sense]", "NAME,...")
      ->delimiter(',')
      ->allow_extra_args(false);
  add(command, "--dtype", flags.dtypes, "fp32, bf16, bf16x3, fp64; on a GPU tf32, fp16 [fp32]", "NAME,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(one_of({"fp32", "bf16", "bf16x3", "fp64", "tf32", "fp16"}));
  add(command, "--device", flags.device, "where it is computed: cpu, or cuda for an NVIDIA GPU [cpu]", "NAME")
      ->check(one_of({"cpu", "cuda"}));
  add(command, "--threads", flags.threads, "threads of each worker [the cores that may be used]", "N,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, most_threads));
  add_worker_flags(command, flags.workers);
}

void add_run_flags(CLI::App& command, RunFlags& flags) {
  add_selection_flags(command, flags);
  add(command, "--rounds", flags.rounds,
      "measure every case in exactly N rounds [until precise, as the budget allows]", "N")
      ->check(CLI::Range(1, most_steps));
  add(command, "--steps", flags.steps, "timed steps of a case in each round [by its speed]", "N")
      ->check(CLI::Range(1, most_steps));
  add(command, "--warmup", flags.warmup, "untimed steps before the timed ones [by its speed]", "N")
      ->check(CLI::Range(0, most_steps));
  add(command, "--budget", flags.budget,
      "total time: no round is started that would exceed it: 90s, 10m, 1h30m [10m]", "TIME")
      ->check(is_duration());
  add(command, "--precision", flags.precision,
      "rounds end where ratios are known to +- so much: 2%; 0 uses up the budget [2%]", "PERCENT")
      ->check(is_percent());
  add(command, "--time-limit", flags.time_limit,
      "longest time one step may take; beyond it the case is TIMEOUT [60s]", "TIME")
      ->check(is_duration());
  add(command, "--check", flags.check,
      "what is compared with the reference before timing: slice (4 samples, up to 32 steps), full, none "
      "[slice]",
      "WHAT")
      ->check(one_of({"slice", "full", "none"}));
  add(command, "--protocol", flags.protocol,
      "rounds, or original, as the 2018 benchmark measured: 500 steps, the first 100 dropped, mean of whole "
      "steps [rounds]",
      "NAME")
      ->check(one_of({"rounds", "original"}, {former_name_of_original}));
  add(command, "--baseline", flags.baseline, "implementation that the others are compared with [the fastest]",
      "NAME");
  with_variable(command.add_flag("--ephemeral", flags.is_ephemeral,
                                 "install the --versions that are missing, and delete them at the end"));
  add(command, "--results", flags.results, "SQLite file that every run is added to [results/lstmbench.db]",
      "FILE");
}

void apply_defaults(CLI::App& command, const Configuration& configuration) {
  for (const auto& [name, value] : configuration.run_defaults) {
    CLI::Option* option = command.get_option_no_throw("--" + name);
    if (!option || option->count() > 0) continue;
    try {
      option->add_result(value.text);
      option->run_callback();
    } catch (const CLI::ParseError& error) {
      const std::string text = in_plain_words(error);
      throw std::invalid_argument(
          fmt::format("{}: {}", value.place, text.substr(text.starts_with("--") ? 2 : 0)));
    }
  }
}

RunOptions make_options(const RunFlags& flags, const Configuration& configuration) {
  RunOptions options;
  options.selections = configuration.selections;
  options.workloads = flags.workloads;
  options.implementations = flags.implementations;
  if (!flags.dtypes.empty()) options.dtypes = flags.dtypes;
  if (!flags.device.empty()) options.device = flags.device;
  options.threads = flags.threads.empty() ? std::vector<int>{usable_cores(SystemFiles())} : flags.threads;
  options.leaves_out_peers = flags.workers.leaves_out_peers;
  options.rounds = flags.rounds;
  options.steps = flags.steps;
  options.warmup = flags.warmup;
  const bool is_original = flags.protocol == "original" || flags.protocol == former_name_of_original;
  options.protocol = is_original ? Protocol::seed : Protocol::rounds;
  if (!flags.budget.empty()) options.budget_s = parse_duration(flags.budget);
  if (!flags.precision.empty()) options.precision = parse_percent(flags.precision);
  if (options.precision == 0) options.most_rounds = most_rounds_of_a_budget;
  if (!flags.time_limit.empty()) options.time_limit_s = parse_duration(flags.time_limit);
  options.check = flags.check == "none"   ? CheckMode::none
                  : flags.check == "full" ? CheckMode::full
                                          : CheckMode::slice;
  options.baseline = flags.baseline;
  return options;
}

std::vector<std::string> repeat_arguments(const RunFlags& flags) {
  std::vector<std::string> arguments;
  const auto add_text = [&](const char* flag, const std::string& text) {
    if (!text.empty()) arguments.insert(arguments.end(), {flag, text});
  };
  const auto add_number = [&](const char* flag, const std::optional<int>& number) {
    if (number) add_text(flag, std::to_string(*number));
  };
  add_number("--steps", flags.steps);
  add_number("--warmup", flags.warmup);
  add_text("--time-limit", flags.time_limit);
  add_text("--check", flags.check);
  add_text("--protocol", flags.protocol);
  add_text("--config", flags.workers.config);
  add_text("--python", flags.workers.python);
  return arguments;
}

}  // namespace lstmbench
