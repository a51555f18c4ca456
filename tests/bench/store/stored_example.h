// A small run to store: one case that ends well in two rounds, one that crashes in the first.
#pragma once

#include <limits>

#include "store/results_file.h"

namespace lstmbench {

inline Workload example_workload() {
  Workload workload;
  workload.name = "example";
  workload.source = "a test";
  workload.layers = 2;
  workload.units = 7;
  workload.directions = 2;
  workload.classes = 5;
  workload.loss = Loss::ctc;
  workload.samples = 3;
  workload.time_steps = 9;
  workload.channels = 4;
  workload.labels = 2;
  workload.min_length = 6;
  return workload;
}

inline MachineFacts example_machine() {
  return {{"CPU", "Example CPU"}, {"usable CPUs", "2"}};
}

inline CaseRecord example_case(const std::string& implementation) {
  CaseRecord record;
  record.a_case = {
      example_workload(), implementation, "1.0", "fp32", "cpu", 2, {"fake", {"/bin/fake worker"}, {}}};
  record.repeat_command = "lstmbench run --implementation " + implementation;
  return record;
}

// Three steps, the first a warm-up; the timed ones take so many milliseconds of headline.
inline CaseRound example_case_round(std::int64_t case_id, double headline_ms) {
  CaseRound round;
  round.case_id = case_id;
  round.workspace_bytes = 4096;
  round.memory.peak_rss_bytes = 77;
  const auto part = static_cast<std::int64_t>(headline_ms * 1e6 / 4);
  for (int step = 0; step < 3; ++step)
    round.samples.push_back({step, step == 0, {10, part, part, 2 * part, 20, 1.5}});
  return round;
}

// Rounds 1 and 2: 1 ms, then 2 ms. The case with the id `crashed` dies in round 1.
inline void record_example_rounds(ResultsFile& file, std::int64_t run_id, std::int64_t good,
                                  std::int64_t crashed) {
  for (int number : {1, 2}) {
    RoundRecord round;
    round.number = number;
    round.load_after = {0.5, 1000, 5};
    round.cases.push_back(example_case_round(good, number));
    if (number == 1) {
      CaseRound bad = example_case_round(crashed, 1);
      bad.status = Status::crashed;
      bad.message = "killed";
      bad.log = "last words";
      bad.samples.resize(1);
      bad.samples[0].times.loss = std::numeric_limits<double>::quiet_NaN();
      round.cases.push_back(bad);
    }
    PeakReading peak{2, {}};
    peak.rates.fp32_gflops = 100;
    round.peaks.push_back(peak);
    file.record_round(run_id, round);
  }
}

inline std::int64_t begin_example(ResultsFile& file) {
  RunRecord run;
  run.started_at = "2026-01-01T00:00:00Z";
  run.program_version = "0.1.0";
  run.command_line = "lstmbench run";
  run.protocol = "rounds";
  run.settings = "{}";
  run.notes = {"a note"};
  const LibraryRecord library{{"fake", {"/bin/fake worker"}, {}}, "fake", "1.0", {{"compiler", "none"}}, ""};
  const auto run_id = file.begin_run(run, example_machine(), {library});
  const auto good = file.add_case(run_id, example_case("fake/good"));
  const auto crashed = file.add_case(run_id, example_case("fake/crashed"));
  file.record_check(good, {CheckMode::slice, true, 1e-5, 2e-7, "head", ""});
  record_example_rounds(file, run_id, good, crashed);
  return run_id;
}

inline std::int64_t store_example(ResultsFile& file) {
  const auto run_id = begin_example(file);
  file.finish_run(run_id, RunState::finished, "2026-01-01T00:10:00Z");
  return run_id;
}

}  // namespace lstmbench
