// How the serial part of a layer (its recurrence) is shared out among threads.
#pragma once

#include <functional>
#include <string>

#include "engines/training/range.h"
#include "lstm/engine.h"

namespace lstm::engines {

// threads used = directions at once * sample groups * unit parts; thread k has direction k / (groups * parts)
// % ..., group k / parts % groups, part k % parts. Threads beyond that only help with the large products.
struct RecurrenceSplit {
  int directions_at_once = 1;  // 1, or D
  int sample_groups = 1;       // each has some of the samples and needs all of R; none waits for another
  int unit_parts = 1;          // each needs a part of R; they meet at a barrier in every time step

  int threads() const { return directions_at_once * sample_groups * unit_parts; }
  // Which of so many directions a thread goes through, one after the other.
  Range directions_of(int thread, int directions) const {
    const int d = thread / unit_parts / sample_groups;
    return directions_at_once == 1 ? Range{0, directions} : Range{d, d + 1};
  }
  // "2 directions x 1 sample group x 1 unit part"
  std::string description() const;
};

// What the rule needs to know of kernels and machine.
struct SplitCosts {
  int block;                   // units of one vector
  int tile_rows;               // rows of one register tile
  std::size_t l2_bytes;        // of one core
  double barrier_steps = 600;  // a barrier between threads, in vector multiply-adds of one core
  // A barrier in every step must promise more than this much: whoever is held up is waited for. Threads that
  // share out units by what they get done (work_shares.h) wait less.
  double barrier_risk = 1.08;
};

// Whether weights that every time step reads stay in the second-level cache: inputs and gates pass by as
// well.
inline bool stays_in_l2(double weights_bytes, std::size_t l2_bytes) {
  return weights_bytes < 0.6 * static_cast<double>(l2_bytes);
}

// The cheapest split by the rule of docs/engine-design.md, or the cheapest that keeps to `wanted`.
RecurrenceSplit choose_split(const Network& network, const BatchShape& shape, int threads, Split wanted,
                             const SplitCosts& costs);

// The same search with any cost of a time step: cost(rows, blocks, unit parts) of the busiest task that has
// so many samples and so many of the layer's `blocks`, which meets unit parts - 1 others at a barrier.
RecurrenceSplit cheapest_split(const Network& network, const BatchShape& shape, int threads, Split wanted,
                               int blocks, const std::function<double(int, int, int)>& cost);

}  // namespace lstm::engines
