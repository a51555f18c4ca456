#include "report/winner.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/notes.h"
#include "report/numbers.h"
#include "report/series.h"

namespace lstmbench {
namespace {

std::string library_of(const ReportRow& row) {
  return row.a_case.implementation.substr(0, row.a_case.implementation.find('/'));
}

// What the winner is to the rival, where all of the table's rows are compared with the winner.
std::optional<Verdict> judge_rival(const ReportTable& table, const ReportRow& winner,
                                   const ReportRow& rival) {
  std::vector<std::vector<double>> ratios;
  std::size_t rival_index = 0;
  for (const auto& row : table.rows) {
    if (!row.is_ranked() || &row == &winner) continue;
    if (&row == &rival) rival_index = ratios.size();
    ratios.push_back(paired_ratios(winner.round_medians, row.round_medians));
  }
  const int compared = comparisons_of(static_cast<int>(ratios.size()) + 1, Reference::fastest);
  const auto judgement = judge(ratios, default_margin, compared)[rival_index];
  return judgement ? std::optional(judgement->verdict) : std::nullopt;
}

constexpr double much_stolen_percent = 2;

}  // namespace

std::optional<Winner> winner_of(const Report& report, const ReportTable& table) {
  Winner winner;
  // Fastest first. Who was measured in fewer rounds than others is at most a rival.
  for (const auto& row : table.rows)
    if (!winner.row && row.is_ranked() && (report.shows_whole_steps || row.rounds == table.most_rounds()))
      winner.row = &row;
  for (const auto& row : table.rows) {
    if (!row.is_ranked() || &row == winner.row) continue;
    if (!winner.rival ||
        (library_of(*winner.rival) == library_of(*winner.row) && library_of(row) != library_of(*winner.row)))
      winner.rival = &row;
  }
  if (!winner.row) return std::nullopt;
  if (!winner.rival) return winner;
  if (report.shows_whole_steps) {
    winner.advantage =
        PairedRatio{*winner.rival->total_mean_ns / *winner.row->total_mean_ns, std::nullopt, 1};
  } else {
    winner.advantage = paired_ratio(winner.rival->round_medians, winner.row->round_medians);
    winner.verdict = judge_rival(table, *winner.row, *winner.rival);
  }
  return winner;
}

std::string explain(const Winner& winner) {
  if (!winner.rival || !winner.advantage) return "nothing to compare it with";
  const std::string rival =
      winner.rival->a_case.implementation + " " + short_version(winner.rival->a_case.version);
  const auto& interval = winner.advantage->interval;
  if (interval && winner.verdict == Verdict::equivalent)
    return fmt::format("as fast as {} within {:.0f} % ({}× to {}×)", rival, 100 * default_margin,
                       format_ratio(interval->low), format_ratio(interval->high));
  if (!interval && winner.advantage->ratio <= 1)
    return fmt::format("no certain difference from {} ({}×)", rival, format_ratio(winner.advantage->ratio));
  if (interval && interval->low <= 1)
    return fmt::format("no certain difference from {} ({}× to {}×)", rival, format_ratio(interval->low),
                       format_ratio(interval->high));
  std::string text = fmt::format("{}× as fast as {}", format_ratio(winner.advantage->ratio), rival);
  if (interval) text += fmt::format(" ({}–{})", format_ratio(interval->low), format_ratio(interval->high));
  if (winner.verdict == Verdict::inconclusive) text += "; more rounds are needed to be certain";
  return text;
}

std::string count_verdicts(const ReportTable& table) {
  std::string reference, counts;
  for (const auto& row : table.rows)
    if (row.is_reference) reference = row.a_case.implementation + " " + short_version(row.a_case.version);
  for (const auto verdict : {Verdict::faster, Verdict::equivalent, Verdict::inconclusive, Verdict::slower}) {
    const auto count = std::count_if(table.rows.begin(), table.rows.end(),
                                     [&](const ReportRow& row) { return row.verdict == verdict; });
    if (count > 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, to_string(verdict));
  }
  return counts.empty() ? "" : "against " + reference + ": " + counts;
}

std::vector<std::string> cautions(const Report& report) {
  std::vector<std::string> result;
  if (report.is_published) return {"Published results, not measured here."};
  result = warnings(report);
  if (report.run.state != RunState::finished)
    result.push_back(
        fmt::format("The run {}: some cases have fewer rounds.",
                    report.run.state == RunState::running ? "is not finished" : "was interrupted"));
  result.insert(result.end(), report.too_few_rounds.begin(), report.too_few_rounds.end());
  if (report.steal_percent && *report.steal_percent >= much_stolen_percent)
    result.push_back(fmt::format("Other machines took {:.1f} % of the CPU time.", *report.steal_percent));
  return result;
}

}  // namespace lstmbench
