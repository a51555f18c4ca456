#include "engines/sequence/work_shares.h"

#include <algorithm>
#include <cmath>

namespace lstm::engines {
namespace {

// How much a turn counts against those before it: one of two threads that was away for ten times a turn loses
// a fifth of its share, and has it back some turns later.
constexpr double kWeightOfATurn = 0.25;

}  // namespace

WorkShares::WorkShares(int workers) : workers_(static_cast<std::size_t>(workers)) {
  for (Worker& worker : workers_) worker.speeds.assign(workers_.size(), 1.0);
}

void WorkShares::begin_turn(int worker) {
  if (workers_.size() == 1) return;
  Worker& self = workers_[static_cast<std::size_t>(worker)];
  const auto report_of = [&](const Worker& other) { return other.reports[self.turn % 2]; };
  const auto speed_of = [](const Report& report) { return report.size / static_cast<double>(report.cycles); };
  const bool is_complete = std::all_of(workers_.begin(), workers_.end(), [&](const Worker& other) {
    return report_of(other).size > 0 && report_of(other).cycles > 0;
  });
  if (is_complete) {
    double sum = 0;
    for (const Worker& other : workers_) sum += speed_of(report_of(other));
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      const double speed = speed_of(report_of(workers_[i])) * static_cast<double>(workers_.size()) / sum;
      self.speeds[i] += kWeightOfATurn * (speed - self.speeds[i]);
    }
  }
  ++self.turn;
}

Range WorkShares::part(int worker, int count) const {
  const int workers = static_cast<int>(workers_.size());
  if (workers == 1 || count < workers) return part_of(count, worker, workers);
  const std::vector<double>& speeds = workers_[static_cast<std::size_t>(worker)].speeds;
  double all = 0;
  for (const double speed : speeds) all += speed;
  // Where part `index` begins; everyone before and after it has at least 1.
  double before = 0;
  int begin = 0;
  Range part;
  for (int index = 0; index <= worker; ++index) {
    part.first = begin;
    before += speeds[static_cast<std::size_t>(index)];
    begin = std::clamp(static_cast<int>(std::lround(count * before / all)), begin + 1,
                       count - (workers - 1 - index));
    part.last = begin;
  }
  return part;
}

void WorkShares::report(int worker, int size, std::uint64_t cycles) {
  Worker& self = workers_[static_cast<std::size_t>(worker)];
  self.reports[self.turn % 2] = {size, cycles};
}

}  // namespace lstm::engines
