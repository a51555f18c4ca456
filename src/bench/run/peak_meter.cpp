#include "run/peak_meter.h"

#include "process/worker_session.h"

namespace lstmbench {
namespace {

constexpr double seconds_a_figure = 0.5;
constexpr std::chrono::seconds between_readings{60};
constexpr std::chrono::seconds limit{60};

}  // namespace

PeakMeter::PeakMeter(WorkerCommand worker, std::vector<int> threads)
    : worker_(std::move(worker)), threads_(std::move(threads)) {}

void PeakMeter::read(std::vector<PeakReading>& readings) {
  if (!problem_.empty()) return;
  try {
    WorkerSession session(worker_);
    for (const int threads : threads_) {
      readings.push_back({threads, session.peak(threads, seconds_a_figure, true, limit)});
      if (threads == threads_.front()) fp32_gflops_ = readings.back().rates.fp32_gflops;
    }
    session.quit(limit);
  } catch (const WorkerFailure& failure) {
    if (failure.status != Status::interrupted) problem_ = failure.what();
  }
  last_ = std::chrono::steady_clock::now();
}

void PeakMeter::read_if_due(std::vector<PeakReading>& readings) {
  if (std::chrono::steady_clock::now() - last_ >= between_readings) read(readings);
}

}  // namespace lstmbench
