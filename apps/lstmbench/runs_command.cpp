// lstmbench runs: what the results file holds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "environment.h"
#include "report/escape.h"
#include "report/text_width.h"
#include "results_flags.h"
#include "store/run_list.h"
#include "store/run_lock.h"

namespace lstmbench {
namespace {

std::string as_json(const std::vector<RunSummary>& runs) {
  using json = nlohmann::ordered_json;
  json document{{"runs", json::array()}};
  for (const auto& run : runs)
    document["runs"].push_back({{"run", run.number},
                                {"started_at", run.started_at},
                                {"state", run.state},
                                {"rounds", run.rounds},
                                {"cases", run.cases},
                                {"workloads", run.workloads},
                                {"dtypes", run.dtypes},
                                {"machine", run.machine}});
  return document.dump(1, ' ', false, json::error_handler_t::replace);
}

// "2026-01-31T12:00:00Z" to the minute.
std::string minute_of(const std::string& moment) {
  std::string text = moment.substr(0, 16);
  if (text.size() > 10) text[10] = ' ';
  return text;
}

void print(const std::vector<RunSummary>& runs, const TerminalStyle& style) {
  std::printf("%s\n", painted(style, "1", " run  started (UTC)    state        rounds  cases").c_str());
  constexpr int indent = 6;
  for (const auto& run : runs) {
    std::printf("%s\n", fmt::format("{:>4}  {:<16}  {:<11}  {:>6}  {:>5}", run.number,
                                    escape_terminal(minute_of(run.started_at)), escape_terminal(run.state),
                                    run.rounds, run.cases)
                            .c_str());
    const std::string what =
        fmt::format("{}; {}; {}", fmt::join(run.workloads, ", "), fmt::join(run.dtypes, ", "), run.machine);
    for (const auto& line : wrapped(escape_terminal(what), style.width - indent))
      std::printf("%*s%s\n", indent, "", line.c_str());
  }
}

}  // namespace

void add_runs_command(CLI::App& app, Work& work) {
  CLI::App* command =
      app.add_subcommand("runs", "List the stored runs, with the numbers of --run and compare");
  auto flags = std::make_shared<ResultsFlags>();
  auto is_json = std::make_shared<bool>(false);
  add_results_flags(*command, *flags);
  command->add_flag("--json", *is_json, "for programs");
  command->footer(
      "A run that is 'broken off' ended with its process or its machine: lstmbench\n"
      "resume goes on with it.\n"
      "Examples:\n"
      "  lstmbench runs\n"
      "  lstmbench runs --results old.db --json");
  command->callback([=, &work] {
    work = [=] {
      const std::string path = results_path(*flags);
      std::vector<RunSummary> runs = list_runs(path);
      for (auto& run : runs)
        if (run.state == "running" && !RunLock::is_taken(path, run.number)) run.state = "broken off";
      if (*is_json)
        std::printf("%s\n", as_json(runs).c_str());
      else if (runs.empty())
        std::printf("results file '%s' holds no run yet\n", escape_terminal(path).c_str());
      else
        print(runs, output_style());
      return static_cast<int>(exit_ok);
    };
  });
}

}  // namespace lstmbench
