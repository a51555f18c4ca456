// Who computes what of a recurrence on the tiles of AMX: a model of one time step in cycles.
#pragma once

#include "engines/sequence/split.h"

namespace lstm::engines::bf16 {

struct TileCosts {
  int parts;             // of a number of an operand: 1, or 2 for bf16x3
  std::size_t l2_bytes;  // of one core
};

// Cycles of one time step, forward and backward, of a task with so many samples and so many panels of 32
// units.
double tile_step_cycles(const Network& network, int rows, int panels, const TileCosts& costs);

// The split with the fewest cycles of its busiest thread, or the one of those that keep to `wanted`.
RecurrenceSplit choose_tile_split(const Network& network, const BatchShape& shape, int threads, Split wanted,
                                  const TileCosts& costs);

}  // namespace lstm::engines::bf16
