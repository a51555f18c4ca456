// The order in which an emulated device does what was put into its streams, of those that events allow:
//   late: work of a stream runs when somebody waits for it, that of another stream only as far as events
//   demand. Code that lacks an event then reads what was not written yet, which a device that runs everything
//   at once would hide;
//   early: other streams than the one that is waited for (of a graph: than its first) go as far as they can
//   before it does, which shows who overwrites too early;
//   random: any stream goes next.
#pragma once

#include <functional>

#include "cuda_runtime_api.h"

namespace lstm::testing::emulation {

// Puts work into a stream, or into the graph that is being recorded there.
void enqueue(cudaStream_t stream, std::function<void()> work);

enum class StreamOrder { late, early, random };
// From now on; late at first.
void use_stream_order(StreamOrder order);

}  // namespace lstm::testing::emulation
