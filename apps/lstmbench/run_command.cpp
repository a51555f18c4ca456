// lstmbench run: measure.
#include "command.h"
#include "measure.h"
#include "run_ending.h"

namespace lstmbench {
namespace {

int execute(RunFlags& flags, const OutputFlags& outputs, CLI::App& command) {
  Measured measured = measure(flags, outputs, command, [](RunOptions&) {});
  return report_run(measured.results, measured.run_id, outputs, measured.path);
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
      "Options are also variables (--time-limit: LSTMBENCH_TIME_LIMIT) and keys of\n"
      "[run] in lstmbench.toml. Those that write a report are neither; --config,\n"
      "--python, --no-peers and --ephemeral are variables only.\n"
      "Exit status: 0 fine; 1 a case did not end OK (a TIMEOUT counts only where it was\n"
      "asked for by name); 2 usage; 5 results cannot be written; 130, 143 interrupted.");
  command->callback([=, &work] { work = [=] { return execute(*flags, *outputs, *command); }; });
}

}  // namespace lstmbench
