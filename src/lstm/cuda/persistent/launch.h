// Launches of the persistent kernels.
#pragma once

#include <span>

#include "cuda/kernels/stream_handle.h"
#include "cuda/persistent/arguments.h"
#include "cuda/persistent/grid_exchange.h"
#include "cuda/persistent/pack.h"
#include "cuda/persistent/plan.h"

namespace lstm::cuda::persistent {

// What the current device offers to make_plan(). Throws std::runtime_error where CUDA fails.
DeviceLimits device_limits();

// Matrices R (4H, H) on the device, one of each layer and direction -> their images for one pass,
// packed_bytes() each, one after the other.
void pack(StreamHandle stream, const Geometry& geometry, Pass pass, std::span<const float* const> R,
          Words* images);
inline void pack(StreamHandle stream, const Geometry& geometry, Pass pass, const float* R, Words* image) {
  pack(stream, geometry, pass, std::span(&R, 1), image);
}

// One layer, both directions. `exchange` is used where the plan has no clusters: room of exchange_bytes().
template <class T>
void launch(StreamHandle stream, const Plan& plan, const ForwardArguments<T>& arguments, std::byte* exchange);
template <class T>
void launch(StreamHandle stream, const Plan& plan, const BackwardArguments<T>& arguments,
            std::byte* exchange);

}  // namespace lstm::cuda::persistent
