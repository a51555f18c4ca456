// Small runs for tests of reports.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "report/model.h"

namespace lstmbench {

inline Workload workload() {
  Workload result;
  result.name = "1x320/CE-short";
  result.source = "built in";
  result.units = 320;
  result.classes = 10;
  result.samples = 64;
  result.time_steps = result.min_length = 100;
  result.channels = 123;
  return result;
}

// A case whose timed steps take so many milliseconds in each round; a slow first step of each is the warm-up.
inline StoredCase stored_case(std::int64_t id, const std::string& implementation,
                              const std::vector<double>& rounds_ms) {
  StoredCase stored;
  stored.id = id;
  stored.record.a_case = {workload(), implementation, "1.0+test", "fp32", "cpu", 2, {}};
  stored.record.repeat_command = "lstmbench run --implementation " + implementation;
  stored.check = CheckRecord{CheckMode::slice, true, 1e-5, 2.4e-7, "head", ""};
  for (std::size_t i = 0; i < rounds_ms.size(); ++i) {
    CaseRound round;
    round.case_id = id;
    const auto part = static_cast<std::int64_t>(rounds_ms[i] * 1e6 / 4);
    for (int step = 0; step < 3; ++step) {
      const std::int64_t slower = step == 0 ? 10 : 1;
      round.samples.push_back(
          {step, step == 0, {1000, slower * part, part, 2 * part, 2000, 2.0 - 0.1 * step}});
    }
    stored.rounds[static_cast<int>(i) + 1] = round;
  }
  return stored;
}

inline StoredRun stored_run(std::vector<StoredCase> cases) {
  StoredRun run;
  run.run.state = RunState::finished;
  run.run.protocol = "rounds";
  run.machine = {{"CPU", "Example CPU"}, {"usable CPUs", "2"}, {"instruction sets", "AVX2"}};
  run.cases = std::move(cases);
  for (int number : {1, 2}) {
    RoundRecord& round = run.rounds[number];
    round.number = number;
    PeakReading reading{2, {}};
    reading.rates.fp32_gflops = 600;
    reading.rates.bf16_gflops = 1200;
    round.peaks.push_back(reading);
  }
  return run;
}

inline StoredCase failed_case(const std::string& implementation, Status status, const std::string& message,
                              const std::string& log) {
  StoredCase stored = stored_case(9, implementation, {});
  stored.status = status;
  stored.message = message;
  CaseRound round;
  round.case_id = 9;
  round.status = status;
  round.message = message;
  round.log = log;
  stored.rounds[1] = round;
  return stored;
}

// The same case, of another version and id.
inline StoredCase in_version(StoredCase stored, std::int64_t id, const std::string& version) {
  stored.id = id;
  stored.record.a_case.version = version;
  return stored;
}

// A published run: one round, of which whole steps are known.
inline StoredRun published_run(std::vector<StoredCase> cases) {
  StoredRun run = stored_run(std::move(cases));
  run.run.protocol = "published";
  run.rounds.erase(2);
  return run;
}

// What a text from outside may hold.
constexpr const char* hostile_text =
    "\"'><script>alert(1)</script><img src=x onerror=alert(1)></script><!--{{7*7}}\n`$";

}  // namespace lstmbench
