#include "verdict/stored_medians.h"

#include <fmt/format.h>

#include "statistics/summary.h"

namespace lstmbench {

std::optional<double> round_median(const CaseRound& round) {
  if (round.status != Status::ok) return std::nullopt;
  std::vector<double> headlines;
  for (const auto& sample : round.samples)
    if (!sample.is_warmup) headlines.push_back(static_cast<double>(sample.times.headline_ns()));
  if (headlines.empty()) return std::nullopt;
  return median(headlines);
}

RoundMedians round_medians(const StoredCase& stored) {
  RoundMedians medians;
  for (const auto& [number, round] : stored.rounds)
    if (const auto time = round_median(round)) medians[number] = *time;
  return medians;
}

std::string table_of(const Case& a_case) {
  return fmt::format("{}, {}, {}, {} threads", a_case.workload.name, a_case.dtype, a_case.device,
                     a_case.threads);
}

bool is_same_table(const Case& a, const Case& b) {
  return a.workload.name == b.workload.name && a.dtype == b.dtype && a.device == b.device &&
         a.threads == b.threads;
}

bool is_same_case(const Case& a, const Case& b) {
  return is_same_table(a, b) && a.implementation == b.implementation && a.version == b.version;
}

WholeRounds whole_rounds(StoredRun stored) {
  WholeRounds whole{std::move(stored), std::nullopt, false};
  bool has_complete = false;
  for (const auto& [number, round] : whole.run.rounds) {
    if (number == 0) continue;  // the checks
    has_complete |= round.is_complete;
    if (!round.is_complete) whole.incomplete = number;
  }
  if (!whole.incomplete || !has_complete) return whole;
  whole.is_left_out = true;
  for (auto* cases : {&whole.run.cases, &whole.run.controls})
    for (auto& a_case : *cases) a_case.rounds.erase(*whole.incomplete);
  whole.run.rounds.erase(*whole.incomplete);
  return whole;
}

}  // namespace lstmbench
