// lstmbench check: does every implementation compute the right thing?
#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "check/conformance.h"
#include "command.h"
#include "environment.h"
#include "process/interrupt.h"
#include "report/escape.h"
#include "report/numbers.h"
#include "report/text_width.h"
#include "run/check_gate.h"
#include "run/selection.h"
#include "run_flags.h"

namespace lstmbench {
namespace {

struct CheckFlags {
  RunFlags run;
  std::string worker;
  bool is_full = false;
};

// Splits a command at spaces; single and double quotes keep them.
std::vector<std::string> shell_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool is_open = false;
  char quote = 0;
  for (const char character : text) {
    if (quote) {
      if (character == quote)
        quote = 0;
      else
        word += character;
    } else if (character == '\'' || character == '"') {
      quote = character;
      is_open = true;
    } else if (character == ' ') {
      if (is_open || !word.empty()) words.push_back(word);
      word.clear();
      is_open = false;
    } else {
      word += character;
    }
  }
  if (quote) throw std::invalid_argument(fmt::format("--worker: a quote is not closed in '{}'", text));
  if (is_open || !word.empty()) words.push_back(word);
  if (words.empty()) throw std::invalid_argument("--worker: expected a command, got nothing");
  return words;
}

int check_conformance(const CheckFlags& flags) {
  const TerminalStyle style = output_style();
  const WorkerCommand worker{"worker", shell_words(flags.worker), {}};
  TemporaryDirectory directory;
  int failed = 0, passed = 0;
  run_conformance(
      worker, native_worker(worker_places()), directory.path(), [&](const ConformanceResult& result) {
        const bool is_failed = result.outcome == ConformanceResult::Outcome::failed;
        failed += is_failed;
        passed += result.outcome == ConformanceResult::Outcome::passed;
        const char* color = is_failed                                              ? "31"
                            : result.outcome == ConformanceResult::Outcome::passed ? "32"
                                                                                   : "33";
        std::printf("%s  %s\n",
                    painted(style, color, fmt::format("{:<11}", to_string(result.outcome))).c_str(),
                    escape_terminal(result.test).c_str());
        for (const auto& line : wrapped(escape_terminal(result.explanation), style.width - 13))
          std::printf("%13s%s\n", "", line.c_str());
        std::fflush(stdout);
      });
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? exit_ok : exit_not_ok;
}

void print_verdict(const Case& a_case, const GateResult& verdict, const TerminalStyle& style) {
  const std::string name = fmt::format("{}  {}", pad_right(escape_terminal(a_case.workload.name), 16),
                                       escape_terminal(a_case.implementation));
  const char* color = verdict.status == Status::ok            ? "32"
                      : verdict.status == Status::unsupported ? "33"
                                                              : "31";
  std::string line =
      fmt::format("{}  {}  {}", painted(style, color, pad_right(to_string(verdict.status), 13)),
                  pad_right(shortened(name, 46, style.uses_unicode), 46), escape_terminal(a_case.dtype));
  if (verdict.status == Status::ok) line += fmt::format("  {}", format_error(verdict.check.worst_error));
  std::printf("%s\n", line.c_str());
  if (verdict.status != Status::ok)
    for (const auto& text : wrapped(escape_terminal(verdict.message), style.width - 15))
      std::printf("%15s%s\n", "", text.c_str());
}

int check_implementations(CheckFlags& flags, CLI::App& command) {
  require_python(flags.run.workers);
  const Workers workers = find_workers(flags.run.workers);
  apply_defaults(command, workers.configuration);
  const auto known = known_workloads(workers.configuration);
  RunOptions options = make_options(flags.run, workers.configuration);
  options.check = flags.is_full ? CheckMode::full : CheckMode::slice;
  if (options.selections.empty()) {
    if (options.workloads.empty()) options.workloads = {"*"};
    if (options.implementations.empty()) options.implementations = {"*"};
  }
  if (flags.run.dtypes.empty()) options.dtypes.clear();
  select_workloads(workloads_asked_for(options), known);
  const Discovery discovery = discover(workers);
  const Plan plan = select_cases(options, known, discovery, 1);

  std::vector<Case> cases;
  int passed = 0, failed = 0, unsupported = 0;
  const TerminalStyle style = output_style();
  for (const auto& planned : plan.cases) {
    if (planned.status == Status::ok) {
      cases.push_back(planned.a_case);
    } else {
      GateResult verdict;
      verdict.status = planned.status;
      verdict.message = planned.problem;
      print_verdict(planned.a_case, verdict, style);
      // Nobody asked for a certain dtype: that one of several does not run is no failure.
      const bool is_wanted = !flags.run.dtypes.empty() || planned.status != Status::unsupported;
      ++(is_wanted ? failed : unsupported);
    }
  }
  for (const auto& worker : discovery.workers)
    if (!worker.hello)
      std::printf("skipped: no %s (%s)\n", escape_terminal(worker.command.label()).c_str(),
                  escape_terminal(worker.problem).c_str());

  auto progress = make_progress();
  TemporaryDirectory directory;
  check_cases(
      cases, options, native_worker(workers.places), directory,
      [&](const Case& a_case, int done) {
        progress->show({"checking", a_case.workload.name + "  " + a_case.implementation, a_case.dtype, done,
                        static_cast<int>(cases.size()), -1});
      },
      [&](std::size_t i, const GateResult& verdict) {
        progress.reset();  // its line makes room
        print_verdict(cases[i], verdict, style);
        std::fflush(stdout);
        progress = make_progress();
        ++(verdict.status == Status::ok            ? passed
           : verdict.status == Status::unsupported ? unsupported
                                                   : failed);
      });
  progress.reset();
  std::printf("%d passed, %d failed, %d unsupported\n", passed, failed, unsupported);
  if (is_interrupted()) return 128 + interrupting_signal();
  return failed == 0 ? exit_ok : exit_not_ok;
}

}  // namespace

void add_check_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand("check", "Compare implementations with the float64 reference");
  auto flags = std::make_shared<CheckFlags>();
  add_selection_flags(*command, flags->run);
  command->get_option("--dtype")->description(
      "fp32, bf16, bf16x3, fp64; on a GPU tf32, fp16 [those of each implementation]");
  command->add_flag(
      "--full", flags->is_full,
      "at full size, too (slow), not only on a slice of each workload (4 samples, up to 32 steps)");
  command
      ->add_option("--worker", flags->worker,
                   "run the conformance suite on a program that speaks the protocol")
      ->type_name("COMMAND");
  command->footer(
      "Examples:\n"
      "  lstmbench check                                every implementation\n"
      "  lstmbench check --worker './my-worker --fast'  see docs/worker-protocol.md");
  command->callback([=, &work] {
    work = [=] {
      catch_interrupts();
      return command->count("--worker") == 0 ? check_implementations(*flags, *command)
                                             : check_conformance(*flags);
    };
  });
}

}  // namespace lstmbench
