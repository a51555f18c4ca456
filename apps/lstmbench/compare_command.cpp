// lstmbench compare: two runs; a gate for continuous integration.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "command.h"
#include "comparison_text.h"
#include "environment.h"
#include "flag_checks.h"
#include "report/rnn_benchmarks/read.h"
#include "stored_run_flags.h"
#include "verdict/compare_runs.h"

namespace lstmbench {
namespace {

struct CompareFlags {
  std::string first, second, anchor, margin, markdown;
  ResultsFlags results;
  bool allows_missing = false;
};

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

// "3": run 3 of the results file; "old.db": its latest run; "old.db:3".
StoredRun load(const std::string& name, const ResultsFlags& flags) {
  std::string file = name, run;
  if (is_number(name) && !std::filesystem::exists(name)) {
    file = results_path(flags);
    run = name;
  } else if (const auto colon = name.rfind(':');
             colon != std::string::npos && is_number(name.substr(colon + 1))) {
    file = name.substr(0, colon);
    run = name.substr(colon + 1);
  }
  ResultsFile results = ResultsFile::open_for_reading(file);
  StoredRun stored =
      load_run(results, file, run.empty() ? std::nullopt : std::optional<std::int64_t>(std::stoll(run)));
  if (is_published(stored.run))
    throw std::invalid_argument(fmt::format(
        "run {} of '{}' was imported, not measured here: without rounds there is nothing to judge; "
        "`lstmbench report` shows it",
        stored.run.id, file));
  return stored;
}

int exit_code(const RunComparison& comparison, bool allows_missing) {
  bool is_worse = false, is_slower = false, is_open = comparison.is_unfit;
  for (const auto& compared : comparison.cases) {
    is_worse |= compared.became_worse || (compared.is_missing && !allows_missing);
    is_slower |= compared.verdict == Verdict::slower;
    is_open |= compared.is_undecided || compared.verdict == Verdict::inconclusive;
  }
  const bool has_verdict =
      std::any_of(comparison.cases.begin(), comparison.cases.end(),
                  [](const ComparedCase& compared) { return compared.verdict.has_value(); });
  if (is_worse) return exit_not_ok;
  if (is_slower && !comparison.is_unfit) return exit_slower;
  return is_open || !has_verdict ? exit_inconclusive : exit_ok;
}

int execute(const CompareFlags& flags) {
  const double margin = flags.margin.empty() ? default_margin : parse_percent(flags.margin);
  const StoredRun first = load(flags.first, flags.results), second = load(flags.second, flags.results);
  const RunComparison comparison = compare_runs(first, second, flags.anchor, margin);
  if (flags.markdown != "-")
    std::fputs(comparison_for_terminal(comparison, !flags.anchor.empty(), output_style()).c_str(), stdout);
  if (!flags.markdown.empty())
    write_output(flags.markdown, comparison_as_markdown(comparison, !flags.anchor.empty()));
  return exit_code(comparison, flags.allows_missing);
}

}  // namespace

void add_compare_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand("compare", "Compare two runs: what became faster or slower");
  auto flags = std::make_shared<CompareFlags>();
  command
      ->add_option("first", flags->first,
                   "the run before: 3 (see `lstmbench runs`), old.db (its latest), old.db:3")
      ->type_name("RUN")
      ->required();
  command->add_option("second", flags->second, "the run after, named likewise")->type_name("RUN")->required();
  add_results_flags(*command, flags->results);
  command
      ->add_option(
          "--anchor", flags->anchor,
          "compare ratios to this implementation, which both runs measured: cancels a slower machine")
      ->type_name("NAME");
  command
      ->add_option("--margin", flags->margin,
                   "FASTER and SLOWER are by more than this for certain; EQUIVALENT is within it [2%]")
      ->type_name("PERCENT")
      ->check(is_percent());
  command->add_flag("--allow-missing", flags->allows_missing,
                    "a case that the second run does not have is no failure");
  command->add_option("--markdown", flags->markdown, "write it as Markdown (- for standard output)")
      ->type_name("FILE");
  command->footer(
      "What differs around the runs comes first. Exit status, for use as a gate:\n"
      "0 nothing became slower; 3 something did; 4 INCONCLUSIVE, INTERRUPTED or UNFIT;\n"
      "1 a case that was OK is not, or is missing (unless the second run was asked for\n"
      "less: other names after --workload, ...); 2 usage; 5 a file cannot be read.\n"
      "Examples:\n"
      "  lstmbench compare 3 4\n"
      "  lstmbench compare main.db branch.db --anchor onednn/lstm --markdown -");
  command->callback([=, &work] { work = [=] { return execute(*flags); }; });
}

}  // namespace lstmbench
