// lstmbench import: results that others published, beside one's own.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "command.h"
#include "report/escape.h"
#include "report/rnn_benchmarks/read.h"
#include "results_flags.h"
#include "run/utc_time.h"
#include "store/results_file.h"

namespace lstmbench {
namespace {

struct ImportFlags {
  std::string file;
  ResultsFlags results;
  std::string machine;
};

std::string read_file(const std::string& path) {
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, error))
    throw std::invalid_argument(
        fmt::format("cannot read '{}': {}", path,
                    std::filesystem::is_directory(path, error) ? "it is a folder" : std::strerror(errno)));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int import_results(const ImportFlags& flags) {
  const auto series = read_rnn_benchmarks(read_file(flags.file), flags.file);
  MachineFacts machine = machine_of_published_results(series);
  if (!flags.machine.empty()) machine = {{"machine", flags.machine}};
  if (machine.empty()) machine = {{"machine", "not stated (--machine TEXT says it)"}};
  PublishedRun published = make_published_run(series, machine);
  published.run.started_at = utc_now();
  published.run.program_version = LSTMBENCH_VERSION;
  published.run.command_line = "lstmbench import " + escape_shell(flags.file);

  const std::string path = results_path(flags.results);
  ResultsFile results = ResultsFile::open_for_writing(path);
  auto transaction = results.begin_transaction();  // all of it or nothing
  const std::int64_t run_id = results.begin_run(published.run, published.machine, published.libraries);
  for (std::size_t i = 0; i < published.cases.size(); ++i)
    published.round.cases[i].case_id = results.add_case(run_id, published.cases[i]);
  results.record_round(run_id, published.round);
  results.finish_run(run_id, RunState::finished, utc_now());
  transaction.commit();
  std::fprintf(stderr, "%zu series imported as run %lld into %s; lstmbench report --run %lld shows them\n",
               series.size(), static_cast<long long>(run_id), escape_terminal(path).c_str(),
               static_cast<long long>(run_id));
  return exit_ok;
}

}  // namespace

void add_import_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand("import", "Add published results (the original's raw CSV) as a run");
  auto flags = std::make_shared<ImportFlags>();
  command
      ->add_option("file", flags->file,
                   "CSV with the columns bench, experiment, parameters, runtime (s), version")
      ->type_name("FILE")
      ->required();
  add_results_flags(*command, flags->results);
  command
      ->add_option("--machine", flags->machine,
                   "where they were measured [known for the original's own file]")
      ->type_name("TEXT");
  command->footer("Example:\n  lstmbench import results.csv && lstmbench report");
  command->callback([=, &work] { work = [=] { return import_results(*flags); }; });
}

}  // namespace lstmbench
