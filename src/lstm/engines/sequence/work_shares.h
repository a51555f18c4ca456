// Work that several threads do between two barriers, shared out by what each of them got done lately.
#pragma once

#include <cstdint>
#include <vector>

#include "engines/training/range.h"

namespace lstm::engines {

// On a shared machine cores differ in speed from one moment to the next, as other programs use them, and with
// equal parts all threads wait for the slowest. Work goes in turns: each worker takes its part, reports what
// it took, meets the others at a barrier, and begins the next turn. All workers see the same reports and come
// to the same parts by themselves. Which thread computes an element must not change its bits.
class WorkShares {
 public:
  explicit WorkShares(int workers);

  // Begins a turn of this worker. A barrier of all workers must lie between its last report and this.
  void begin_turn(int worker);
  // The worker's part of 0..count in this turn: in proportion to its speed, at least 1 where there are
  // enough.
  Range part(int worker, int count) const;
  // Says that a part of this size took so many cycles, waiting for others not counted.
  void report(int worker, int size, std::uint64_t cycles);

 private:
  struct Report {
    int size = 0;
    std::uint64_t cycles = 0;
  };
  // On cache lines of its own: what one worker writes.
  struct alignas(128) Worker {
    Report reports[2];  // of this turn and, while others may still read it, of the one before
    unsigned turn = 0;
    std::vector<double> speeds;  // of all workers, relative to their mean, as this worker knows them
  };

  std::vector<Worker> workers_;
};

}  // namespace lstm::engines
