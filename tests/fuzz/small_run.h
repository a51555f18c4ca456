// As few rows as reach all that reads them: a case and its control in two rounds; the control ends badly.
#pragma once

#include "bench/store/stored_example.h"

namespace lstmbench {

inline CaseRound short_case_round(std::int64_t case_id, double headline_ms, bool has_warmup) {
  CaseRound round = example_case_round(case_id, headline_ms);
  round.samples.pop_back();
  if (!has_warmup) round.samples.erase(round.samples.begin());
  return round;
}

inline CaseRound crashed_case_round(std::int64_t case_id) {
  CaseRound round;
  round.case_id = case_id;
  round.status = Status::crashed;
  round.message = "killed";
  round.log = "last words";
  return round;
}

inline void store_small_run(ResultsFile& file) {
  RunRecord run;
  run.protocol = "rounds";
  run.settings = "{}";
  run.notes = {"a note"};
  const LibraryRecord library{{"fake", {"/bin/fake"}, {}}, "fake", "1.0", {{"compiler", "none"}}, ""};
  const auto run_id = file.begin_run(run, {{"CPU", "Example CPU"}}, {library});
  CaseRecord record = example_case("fake/good");
  const auto good = file.add_case(run_id, record);
  record.role = Role::control;
  const auto control = file.add_case(run_id, record);
  file.record_check(good, {CheckMode::slice, true, 1e-5, 2e-7, "head", ""});
  RoundRecord round;
  round.number = 1;
  round.load_after = {0.5, 1000, 5};
  round.cases = {short_case_round(good, 1, true), short_case_round(control, 1, false)};
  PeakReading peak{2, {}};
  peak.rates.fp32_gflops = 100;
  round.peaks = {peak};
  file.record_round(run_id, round);
  round.number = 2;
  round.cases = {short_case_round(good, 2, false), crashed_case_round(control)};
  round.peaks.clear();
  file.record_round(run_id, round);
  file.finish_run(run_id, RunState::finished, "");
}

}  // namespace lstmbench
