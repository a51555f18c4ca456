// The peak of the machine or its GPU, taken by a worker of the library again and again during a run, so that
// steps and peak see the same clocks.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "case/case.h"
#include "store/records.h"

namespace lstmbench {

class PeakMeter {
 public:
  PeakMeter(WorkerCommand worker, std::vector<int> threads);

  // A reading for each number of threads, appended; about a second each. Where the worker fails, problem()
  // says why and it is not asked again. An interruption gives no reading.
  void read(std::vector<PeakReading>& readings);
  // The same where the last one is a minute ago.
  void read_if_due(std::vector<PeakReading>& readings);

  const std::string& problem() const { return problem_; }
  // Of the last reading, for the first number of threads.
  std::optional<double> fp32_gflops() const { return fp32_gflops_; }

 private:
  WorkerCommand worker_;
  std::vector<int> threads_;
  std::string problem_;
  std::optional<double> fp32_gflops_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace lstmbench
