// Stored runs with times of choice, without a file.
#pragma once

#include <string>
#include <vector>

#include "store/records.h"

namespace lstmbench {

// A case whose round r (from 1) has three timed steps of so many milliseconds, and a warm-up of ten times as
// many.
inline StoredCase case_with_times(std::int64_t id, const std::string& implementation,
                                  const std::vector<double>& rounds_ms, const std::string& workload = "w") {
  StoredCase stored;
  stored.id = id;
  Case& a_case = stored.record.a_case;
  a_case.workload.name = workload;
  a_case.implementation = implementation;
  a_case.version = "1.0";
  a_case.threads = 2;
  for (std::size_t i = 0; i < rounds_ms.size(); ++i) {
    CaseRound& round = stored.rounds[static_cast<int>(i) + 1];
    round.case_id = id;
    for (int step = 0; step < 4; ++step) {
      const auto part = static_cast<std::int64_t>(rounds_ms[i] * 1e6 / 2 * (step == 0 ? 10 : 1));
      round.samples.push_back({step, step == 0, {5, part, 0, part, 7, 1.0}});
    }
  }
  return stored;
}

inline StoredRun run_of(std::vector<StoredCase> cases, std::vector<StoredCase> controls = {}) {
  StoredRun run;
  run.run.id = 1;
  run.run.state = RunState::finished;
  run.run.settings = "{}";
  run.machine = {{"CPU", "Example CPU"}, {"kernel", "Linux 6"}, {"load average", "0.5"}};
  for (auto& control : controls) control.record.role = Role::control;
  for (const auto& a_case : cases)
    for (const auto& [number, round] : a_case.rounds) {
      run.rounds[number].number = number;
      run.rounds[number].planned.push_back(a_case.id);
    }
  run.cases = std::move(cases);
  run.controls = std::move(controls);
  return run;
}

// center, and then a little above and below it.
inline std::vector<double> times_around(double center_ms, int rounds, double spread = 0.001) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) times.push_back(center_ms * (1 + spread * ((i * 7) % 5 - 2)));
  return times;
}

}  // namespace lstmbench
