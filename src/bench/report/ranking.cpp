#include "report/ranking.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "verdict/judge_run.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

double rank_time(const ReportRow& row, bool by_whole_steps) {
  return by_whole_steps ? *row.total_mean_ns : *row.headline_median_ns;
}

// The fastest of those that were measured in most rounds: who was measured in a quiet one only is no match
// for them. Nothing where no row has times.
ReportRow* fastest_row(ReportTable& table, bool by_whole_steps) {
  ReportRow* fastest = nullptr;
  for (auto& row : table.rows)
    if (row.is_ranked() && (by_whole_steps || row.rounds == table.most_rounds()) &&
        (!fastest || rank_time(row, by_whole_steps) < rank_time(*fastest, by_whole_steps)))
      fastest = &row;
  return fastest;
}

// By time over that of the fastest row, within the rounds that both have: rows have different numbers of
// rounds, and rounds are not alike.
void sort_rows(ReportTable& table, bool by_whole_steps) {
  const ReportRow* fastest = fastest_row(table, by_whole_steps);
  if (!fastest) return;
  const auto ratio_of = [&](const ReportRow& row) {
    if (!row.is_ranked()) return std::numeric_limits<double>::infinity();
    const auto paired =
        by_whole_steps ? std::nullopt : paired_ratio(row.round_medians, fastest->round_medians);
    return paired ? paired->ratio : rank_time(row, by_whole_steps) / rank_time(*fastest, by_whole_steps);
  };
  std::vector<double> ratios;  // all of them before any row, with its samples, moves
  for (const auto& row : table.rows) ratios.push_back(ratio_of(row));
  std::vector<std::pair<double, ReportRow>> order;
  for (std::size_t i = 0; i < ratios.size(); ++i) order.emplace_back(ratios[i], std::move(table.rows[i]));
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < order.size(); ++i) table.rows[i] = std::move(order[i].second);
}

}  // namespace

void rank(ReportTable& table, const StoredRun& stored, bool by_whole_steps) {
  sort_rows(table, by_whole_steps);
  const auto is_baseline = [&](const ReportRow& row) {
    return row.is_ranked() && row.a_case.implementation == stored.run.baseline;
  };
  const auto named = std::count_if(table.rows.begin(), table.rows.end(), is_baseline);
  ReportRow* reference = named > 0 ? &*std::find_if(table.rows.begin(), table.rows.end(), is_baseline)
                                   : fastest_row(table, by_whole_steps);
  if (!reference) return;
  reference->is_reference = true;
  const auto stored_of = [&](const ReportRow& row) {
    return &*std::find_if(stored.cases.begin(), stored.cases.end(), [&](const StoredCase& stored_case) {
      return is_same_case(stored_case.record.a_case, row.a_case);
    });
  };
  const StoredCase& reference_case = *stored_of(*reference);
  std::vector<ReportRow*> ranked;
  std::vector<const StoredCase*> cases;
  for (auto& row : table.rows) {
    if (!row.is_ranked()) continue;
    ranked.push_back(&row);
    cases.push_back(stored_of(row));
    row.relative = by_whole_steps
                       ? PairedRatio{*row.total_mean_ns / *reference->total_mean_ns, std::nullopt, row.rounds}
                       : paired_ratio(row.round_medians, reference->round_medians);
  }
  if (by_whole_steps) return;  // a single round: nothing to judge
  // Of several versions of the baseline the fastest is taken, which is a choice by the data, too.
  const Reference how = named == 1 ? Reference::named : Reference::fastest;
  const auto judgements = judge_cases(cases, reference_case, how);
  if (const int compared = comparisons_of(static_cast<int>(cases.size()), how); compared > 0)
    table.rounds_for_verdicts = least_rounds_for_verdicts(compared);
  for (std::size_t i = 0; i < ranked.size(); ++i)
    if (judgements[i]) ranked[i]->verdict = judgements[i]->verdict;
}

}  // namespace lstmbench
