#include "verdict/compare_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "run/options.h"
#include "statistics/sign_test.h"
#include "statistics/summary.h"
#include "verdict/judge_run.h"
#include "verdict/missing_case.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

// Everything that may explain a difference, as facts.
MachineFacts surroundings(const StoredRun& stored) {
  MachineFacts facts = stored.machine;
  facts.emplace_back("lstmbench", stored.run.program_version);
  facts.emplace_back("protocol", protocol_name(stored.run.protocol));
  for (const auto& library : stored.libraries) {
    if (!library.problem.empty()) continue;
    facts.emplace_back(library.worker.name, library.version);
    for (const auto& [name, value] : library.build)
      facts.emplace_back(fmt::format("{}: {}", library.worker.name, name), value);
  }
  const auto settings = nlohmann::json::parse(stored.run.settings, nullptr, false);
  if (settings.is_object())
    for (const char* name : {"steps", "warmup", "check"})
      if (settings.contains(name) && settings[name].is_primitive())  // a damaged file's may nest without end
        facts.emplace_back(fmt::format("--{}", name), settings[name].dump());
  const bool is_throttled = std::any_of(stored.rounds.begin(), stored.rounds.end(), [](const auto& round) {
    return round.second.load_after.throttle_events > 0;
  });
  facts.emplace_back("slowed by heat, power or a CPU limit", is_throttled ? "yes" : "no");
  return facts;
}

// Of the same version; else, where each run has one version only, of the other.
const StoredCase* partner_of(const StoredCase& wanted, const std::vector<StoredCase>& own,
                             const std::vector<StoredCase>& among) {
  const auto versions_in = [&](const std::vector<StoredCase>& cases) {
    std::vector<const StoredCase*> versions;
    for (const auto& candidate : cases) {
      const Case &a = candidate.record.a_case, &b = wanted.record.a_case;
      if (is_same_table(a, b) && a.implementation == b.implementation) versions.push_back(&candidate);
    }
    return versions;
  };
  const auto partners = versions_in(among);
  for (const StoredCase* partner : partners)
    if (partner->record.a_case.version == wanted.record.a_case.version) return partner;
  return partners.size() == 1 && versions_in(own).size() == 1 ? partners.front() : nullptr;
}

std::vector<double> values(const RoundMedians& medians) {
  std::vector<double> result;
  for (const auto& [round, time] : medians) result.push_back(time);
  return result;
}

const StoredCase* anchor_of(const StoredRun& run, const StoredCase& a_case, const std::string& anchor) {
  for (const auto& candidate : run.cases)
    if (candidate.record.a_case.implementation == anchor &&
        is_same_table(candidate.record.a_case, a_case.record.a_case))
      return &candidate;
  return nullptr;
}

// Nothing in a table that has no anchor.
std::vector<double> times_of(const StoredRun& run, const StoredCase& a_case, const std::string& anchor) {
  const RoundMedians medians = round_medians(a_case);
  if (anchor.empty()) return values(medians);
  const StoredCase* of_table = anchor_of(run, a_case, anchor);
  return of_table ? paired_ratios(medians, round_medians(*of_table)) : std::vector<double>();
}

// An implementation that does not run every workload can be the anchor of those that it does.
void require_anchor(const StoredRun& run, const std::string& anchor) {
  if (std::none_of(run.cases.begin(), run.cases.end(),
                   [&](const StoredCase& one) { return one.record.a_case.implementation == anchor; }))
    throw std::invalid_argument(fmt::format("--anchor: run {} has no '{}'", run.run.id, anchor));
}

bool has_broken(const StoredCase& first, const StoredCase& second) {
  return first.status == Status::ok && second.status != Status::ok && second.status != Status::interrupted;
}

// Empty: both were to be measured, and can be compared.
std::string reason_not_to_compare(const StoredRun& first_run, const StoredCase& first,
                                  const StoredRun& second_run, const StoredCase& second,
                                  const std::string& anchor) {
  const Workload &w1 = first.record.a_case.workload, &w2 = second.record.a_case.workload;
  if (w1.flops() != w2.flops() || w1.parameters() != w2.parameters() || w1.seed != w2.seed)
    return "two workloads of the same name";
  if (has_broken(first, second))
    return fmt::format("{} in the second run: {}", to_string(second.status), second.message);
  if (first.status != Status::ok) return fmt::format("{} in the first run", to_string(first.status));
  if (!anchor.empty() && !(anchor_of(first_run, first, anchor) && anchor_of(second_run, second, anchor)))
    return fmt::format("{} was not measured in both here", anchor);
  return "";
}

ComparedCase compare_case(const StoredRun& first_run, const StoredCase& first, const StoredRun& second_run,
                          const StoredCase& second, const std::string& anchor) {
  ComparedCase compared;
  compared.a_case = second.record.a_case;
  compared.first_version = first.record.a_case.version;
  compared.second_version = second.record.a_case.version;
  compared.first_status = first.status;
  compared.second_status = second.status;
  compared.became_worse = has_broken(first, second);
  const auto a = times_of(first_run, first, anchor), b = times_of(second_run, second, anchor);
  compared.first_rounds = static_cast<int>(a.size());
  compared.second_rounds = static_cast<int>(b.size());
  if (!a.empty()) compared.first_ns = median(a);
  if (!b.empty()) compared.second_ns = median(b);
  compared.note = reason_not_to_compare(first_run, first, second_run, second, anchor);
  if (!compared.note.empty()) return compared;
  compared.is_undecided = second.status == Status::interrupted || a.empty() || b.empty();
  if (second.status == Status::interrupted)
    compared.note = "INTERRUPTED in the second run";
  else if (a.empty() || b.empty())
    compared.note = "not measured in both";
  else if (*std::min_element(a.begin(), a.end()) <= 0)
    compared.note = "a time of zero in the first run";
  else
    compared.ratio = unpaired_ratio(a, b);
  return compared;
}

ComparedCase only_in_first(const StoredCase& one, const StoredRun& second_run) {
  ComparedCase only;
  only.is_in_both = false;
  only.a_case = one.record.a_case;
  only.first_version = one.record.a_case.version;
  only.first_status = one.status;
  const MissingCase missing = explain_missing(second_run, one);
  only.is_missing = missing.is_wanted && one.status == Status::ok;
  only.note = missing.is_wanted && !only.is_missing ? "only in the first run" : missing.note;
  return only;
}

ComparedCase only_in_second(const StoredCase& one) {
  ComparedCase only;
  only.is_in_both = false;
  only.a_case = one.record.a_case;
  only.second_version = one.record.a_case.version;
  only.second_status = one.status;
  only.note = "only in the second run";
  return only;
}

// What is different for certain counts as FASTER or SLOWER where it is so by more than the margin, too.
void judge_difference(ComparedCase& compared, double margin) {
  const Interval& interval = *compared.ratio->interval;  // where so much is significant, there is one
  if (interval.low > 1 + margin)
    compared.verdict = Verdict::slower;
  else if (interval.high < 1 - margin)
    compared.verdict = Verdict::faster;
  else
    compared.note =
        fmt::format("there is a difference, but it may be smaller than the margin of {:.3g} %", 100 * margin);
}

// Equivalence by an interval that is made wider for their number, difference by the rank-sum test after Holm.
void give_verdicts(RunComparison& comparison,
                   const std::vector<std::pair<std::vector<double>, std::vector<double>>>& times,
                   double margin) {
  std::vector<double> p_values;
  for (const auto& [a, b] : times) p_values.push_back(rank_sum_p(a, b));
  const auto adjusted = holm_adjusted(p_values);
  const double joint = 1 - significance / static_cast<double>(std::max<std::size_t>(1, times.size()));
  std::size_t next = 0;
  for (auto& compared : comparison.cases) {
    if (!compared.ratio) continue;
    const auto& [a, b] = times[next];
    compared.adjusted_p = adjusted[next++];
    const auto wide = unpaired_ratio(a, b, joint).interval;
    const bool is_within = wide && wide->low >= 1 - margin && wide->high <= 1 + margin;
    compared.verdict = is_within ? Verdict::equivalent : Verdict::inconclusive;
    compared.has_few_rounds =
        least_rank_sum_p(a.size(), b.size()) * static_cast<double>(times.size()) > significance;
    if (compared.has_few_rounds && !is_within)
      compared.note = fmt::format("too few rounds to judge by ({} and {})", a.size(), b.size());
    else if (!is_within && *compared.adjusted_p <= significance)
      judge_difference(compared, margin);
  }
}

void add_warnings(const StoredRun& run, const char* which, RunComparison& comparison) {
  for (const auto& warning : unfit_warnings(judge_controls(run))) {
    comparison.warnings.push_back(fmt::format("{} run: {}", which, warning));
    comparison.is_unfit = true;
  }
  if (run.run.state != RunState::finished)
    comparison.warnings.push_back(fmt::format("the {} run was not finished", which));
}

}  // namespace

RunComparison compare_runs(const StoredRun& first, const StoredRun& second, const std::string& anchor,
                           double margin) {
  RunComparison comparison;
  const StoredRun a = whole_rounds(first).run, b = whole_rounds(second).run;
  if (!anchor.empty())
    for (const StoredRun* run : {&a, &b}) require_anchor(*run, anchor);
  comparison.environment = differing_facts(surroundings(a), surroundings(b));
  add_warnings(a, "first", comparison);
  add_warnings(b, "second", comparison);
  for (const auto& difference : comparison.environment)
    if (difference.is_decisive)
      comparison.warnings.push_back(
          fmt::format("two machines: {} differs; the verdicts compare them, too", difference.name));
  if (anchor.empty())
    comparison.warnings.push_back(
        "the runs were made at different times: a machine that was slower in one of them counts as a "
        "difference; "
        "--anchor IMPLEMENTATION (in both runs) takes that out");

  std::vector<std::pair<std::vector<double>, std::vector<double>>> times;
  for (const auto& one : a.cases) {
    if (!anchor.empty() && one.record.a_case.implementation == anchor) continue;
    if (const StoredCase* other = partner_of(one, a.cases, b.cases)) {
      comparison.cases.push_back(compare_case(a, one, b, *other, anchor));
      if (comparison.cases.back().ratio)
        times.emplace_back(times_of(a, one, anchor), times_of(b, *other, anchor));
    } else {
      comparison.cases.push_back(only_in_first(one, b));
    }
  }
  for (const auto& one : b.cases)
    if (!partner_of(one, b.cases, a.cases)) comparison.cases.push_back(only_in_second(one));
  give_verdicts(comparison, times, margin);
  return comparison;
}

}  // namespace lstmbench
