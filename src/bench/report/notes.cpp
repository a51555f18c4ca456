#include "report/notes.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "report/name_list.h"

namespace lstmbench {
namespace {

std::string cost_of_the_harness(const HarnessTime& time) {
  const auto percent = [&](std::int64_t ns) {
    return 100 * static_cast<double>(ns) / static_cast<double>(time.request_ns);
  };
  return fmt::format(
      "the harness: {:.2f} % of the measured time passed outside of steps, in messages; it used {:.2f} % of "
      "one CPU meanwhile",
      percent(time.request_ns - time.step_ns), percent(time.cpu_ns));
}

std::string rounds_text(int rounds) {
  return fmt::format("{} round{}", rounds, rounds == 1 ? "" : "s");
}

// Rows that a budget did not suffice for: half of what others have, or too few for the verdicts of others.
std::vector<std::string> rows_with_fewer_rounds(const Report& report) {
  std::vector<std::string> sentences;
  for (const auto& table : report.tables) {
    std::string rows;
    for (const auto& row : table.rows)
      if (row.is_ranked() &&
          (2 * row.rounds <= table.most_rounds() ||
           (row.rounds < table.rounds_for_verdicts && table.rounds_for_verdicts <= table.most_rounds())))
        rows += fmt::format("{}{} {} ({})", rows.empty() ? "" : ", ", row.a_case.implementation,
                            row.a_case.version, rounds_text(row.rounds));
    if (!rows.empty())
      sentences.push_back(fmt::format("{}: up to {}, but too few to be compared in {}", table.workload.name,
                                      rounds_text(table.most_rounds()), rows));
  }
  return sentences;
}

// Where --baseline has no time.
std::vector<std::string> missing_baselines(const Report& report) {
  std::vector<std::string> sentences;
  if (report.run.baseline.empty()) return sentences;
  for (const auto& table : report.tables)
    for (const auto& row : table.rows)
      if (row.is_reference && row.a_case.implementation != report.run.baseline)
        sentences.push_back(fmt::format("{}: the baseline {} has no time there; ratios are to {}",
                                        table.workload.name, report.run.baseline, row.a_case.implementation));
  return sentences;
}

}  // namespace

std::vector<std::string> warnings(const Report& report) {
  std::vector<std::string> sentences = report.unfit;
  sentences.insert(sentences.end(), report.failed_controls.begin(), report.failed_controls.end());
  return sentences;
}

std::vector<std::string> too_few_rounds(const Report& report) {
  std::map<std::pair<int, int>, std::vector<std::string>>
      workloads;  // by rounds that there are, and that are needed
  for (const auto& table : report.tables)
    if (table.rounds_for_verdicts > table.most_rounds())
      workloads[{table.most_rounds(), table.rounds_for_verdicts}].push_back(table.workload.name);
  std::vector<std::string> sentences;
  for (const auto& [rounds, names] : workloads)
    sentences.push_back(fmt::format(
        "{}: {} {} too few for verdicts, which take {} with so many rows: give a larger "
        "--budget or --rounds, fewer --implementation, or a --baseline",
        name_list(names), rounds_text(rounds.first), rounds.first == 1 ? "is" : "are", rounds.second));
  return sentences;
}

std::vector<std::string> footnotes(const Report& report, const std::optional<std::string>& incomplete) {
  std::vector<std::string> notes;
  if (incomplete) notes.push_back(*incomplete);
  bool is_cold = false, is_unchecked = false;
  for (const auto& table : report.tables)
    for (const auto& row : table.rows) {
      is_cold |= row.is_cold && row.is_ranked();
      is_unchecked |= row.status == "UNCHECKED";
    }
  if (report.is_published)
    notes.push_back(
        "published, not measured here: mean and standard deviation of the last 400 whole steps of each "
        "series; nothing "
        "was checked");
  else if (report.shows_whole_steps)
    notes.push_back(
        "--protocol original: mean and standard deviation of whole steps (input + forward + loss + backward "
        "+ "
        "update), the first steps dropped, as the 2018 benchmark measured");
  if (is_unchecked)
    notes.push_back("UNCHECKED: --check none was given; nothing says that these compute the right thing");
  if (!report.shows_whole_steps)
    for (const auto& sentences :
         {report.too_few_rounds, rows_with_fewer_rounds(report), missing_baselines(report)})
      notes.insert(notes.end(), sentences.begin(), sentences.end());
  if (is_cold)
    notes.push_back(
        "* the first step, measured without a warm-up before it (a step takes more than 15 s, or --warmup "
        "0)");
  if (report.harness.request_ns > 0) notes.push_back(cost_of_the_harness(report.harness));
  notes.insert(notes.end(), report.run.notes.begin(), report.run.notes.end());
  return notes;
}

}  // namespace lstmbench
