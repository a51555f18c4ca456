// lstmbench report: a stored run as table, page, charts, Markdown, JSON, CSV.
#include "command.h"
#include "outputs.h"
#include "stored_run_flags.h"

namespace lstmbench {

void add_report_command(CLI::App& app, Work& work) {
  CLI::App* command =
      app.add_subcommand("report", "Show a run again: table, HTML page, charts, Markdown, JSON, CSV");
  struct Flags {
    StoredRunFlags run;
    OutputFlags outputs;
  };
  auto flags = std::make_shared<Flags>();
  add_stored_run_flags(*command, flags->run);
  add_output_flags(*command, flags->outputs);
  command->footer(
      "Examples:\n"
      "  lstmbench report --html report.html\n"
      "  lstmbench report --baseline pytorch/LSTM --svg charts --markdown report.md");
  command->callback([=, &work] {
    work = [=] {
      require_writable(flags->outputs, results_path(flags->run.results));
      write_outputs(build_report(load_stored_run(flags->run)), flags->outputs);
      return static_cast<int>(exit_ok);
    };
  });
}

}  // namespace lstmbench
