// How a recurrence is cut over a GPU: chosen from shapes and limits alone, so that it is tested without one.
//
// The choice is between clusters of 16, 8, 4 and 2 blocks and slices of 1 to 8 samples; where no cluster can
// hold R, or the GPU has none, between groups of any number of blocks of a cooperative launch. The
// estimate of a step, in clocks:
//
//   forward:  what the busiest block multiplies + exchange of h + latencies
//   backward: the same with parts of dh
//
// Its constants are published ones or the data sheet's. Steps take longer than it says
// (docs/cuda-persistent.md), but the plan that it prefers was the fastest one over clusters on each shape
// that was measured.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "cuda/persistent/layout.h"

namespace lstm::cuda::persistent {

struct DeviceLimits {
  int multiprocessors = 0;
  int shared_bytes = 0;  // a block may have at most
  // Clusters of 2, 4, 8, 16 blocks with all of a multiprocessor's shared memory that run at once; 0: none.
  std::array<int, 4> clusters = {};
};

struct Plan {
  Geometry geometry;
  bool is_cluster = true;
  int most_warps = kMostWarps;  // or kFewWarps: which kernels
  int parts = 1;                // of the forward product
  int forward_warps = 1, backward_warps = 1;
  int forward_shared_bytes = 0, backward_shared_bytes = 0;
  int groups_at_once = 1;
  double forward_clocks = 0, backward_clocks = 0;  // of one step, estimated

  // Launches or turns that it takes until all groups have run.
  int turns() const { return (geometry.groups() + groups_at_once - 1) / groups_at_once; }
  // Zeroed memory that a launch without clusters needs.
  std::size_t exchange_bytes() const;
  // "8 clusters of 16 blocks, 8 samples each".
  std::string text() const;
};

// All that fit: with clusters, where any does, else without.
std::vector<Plan> possible_plans(Arithmetic arithmetic, int units, int samples, int directions,
                                 const DeviceLimits& limits);

// The fastest of them by the estimate. Throws std::invalid_argument where there is none, saying why.
Plan make_plan(Arithmetic arithmetic, int units, int samples, int directions, const DeviceLimits& limits);

}  // namespace lstm::cuda::persistent
