// lstmbench export: a stored run for other programs.
#include <functional>
#include <map>

#include "command.h"
#include "outputs.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/rnn_benchmarks/write.h"
#include "stored_run_flags.h"
#include "workload/nearest.h"

namespace lstmbench {
namespace {

struct ExportFlags {
  StoredRunFlags run;
  std::string format = "csv";
  std::string output = "-";
};

using Render = std::string (*)(const Report&);
const std::map<std::string, Render>& formats() {
  static const std::map<std::string, Render> all{
      {"csv", render_csv}, {"json", render_json}, {"rnn_benchmarks", render_rnn_benchmarks}};
  return all;
}

int export_run(const ExportFlags& flags) {
  const auto format = formats().find(flags.format);
  if (format == formats().end()) {
    std::vector<std::string> names;
    for (const auto& [name, render] : formats()) names.push_back(name);
    throw std::invalid_argument("--format: csv, json or rnn_benchmarks expected, got '" + flags.format + "'" +
                                did_you_mean(flags.format, names));
  }
  const Report report = build_report(load_stored_run(flags.run));
  write_output(flags.output, format->second(report));
  if (flags.format == "rnn_benchmarks" && report.not_ok > 0)
    std::fprintf(stderr, "%d case%s that did not end OK left out: the layout has no place for them\n",
                 report.not_ok, report.not_ok == 1 ? "" : "s");
  return exit_ok;
}

}  // namespace

void add_export_command(CLI::App& app, Work& work) {
  CLI::App* command =
      app.add_subcommand("export", "Write a run for other programs: CSV, JSON, rnn_benchmarks");
  auto flags = std::make_shared<ExportFlags>();
  add_stored_run_flags(*command, flags->run);
  command
      ->add_option("--format", flags->format,
                   "csv: a line a step; json: everything; rnn_benchmarks: the original's raw CSV [csv]")
      ->type_name("FORMAT");
  command->add_option("--output", flags->output, "- is standard output [-]")->type_name("FILE");
  command->footer("Example:\n  lstmbench export --format rnn_benchmarks --output results.csv");
  command->callback([=, &work] { work = [=] { return export_run(*flags); }; });
}

}  // namespace lstmbench
