// lstmbench report: a stored run as table, Markdown, JSON, CSV.
#include "command.h"
#include "outputs.h"
#include "store/results_file.h"

namespace lstmbench {

void add_report_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand("report", "Show a run again: table, Markdown, JSON, CSV");
  struct Flags {
    std::string results = "results/lstmbench.db";
    std::optional<int> run;
    OutputFlags outputs;
  };
  auto flags = std::make_shared<Flags>();
  command->add_option("--results", flags->results, "SQLite file of the runs [results/lstmbench.db]")
      ->type_name("FILE")
      ->envname("LSTMBENCH_RESULTS");
  command->add_option("--run", flags->run, "number of the run [the latest]")->type_name("N");
  add_output_flags(*command, flags->outputs);
  command->footer("Example:\n  lstmbench report --markdown report.md");
  command->callback([=, &work] {
    work = [=] {
      ResultsFile results = ResultsFile::open_for_reading(flags->results);
      const auto latest = results.latest_run();
      if (!flags->run && !latest)
        throw StorageError("results file '" + flags->results + "' holds no run yet");
      write_outputs(build_report(results.load_run(flags->run ? *flags->run : *latest)), flags->outputs);
      return static_cast<int>(exit_ok);
    };
  });
}

}  // namespace lstmbench
