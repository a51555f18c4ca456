// The memory by which blocks of a launch without clusters talk (grid_lane.cuh); zero at the start of a
// launch.
#pragma once

#include <cstdint>

#include "cuda/persistent/product.h"

namespace lstm::cuda::persistent {

struct GridExchange {
  Words* inboxes = nullptr;           // (blocks of the launch, inbox_bytes)
  std::uint32_t* counters = nullptr;  // (blocks of the launch, 2)
  int inbox_bytes = 0;                // of both places of one block
  int first_group = 0;                // of the launch, where not all groups fit on the GPU at once
};

}  // namespace lstm::cuda::persistent
