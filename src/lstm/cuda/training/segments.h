// Plans of copies (kernels/parameters.h) on their way to the device.
#pragma once

#include <span>

#include "cuda/kernels/parameters.h"
#include "cuda/runtime/stream.h"

namespace lstm::cuda {

// Waits until they are there.
void upload(const Stream& stream, std::span<const Segment> segments, Segment* to);

}  // namespace lstm::cuda
