// The order in which an emulated device does what was put into its streams: as late as it may. Work of a
// stream runs when somebody waits for it, that of another stream only as far as events demand. Code that
// lacks an event then reads what was not written yet, which a device that runs everything at once would hide.
#pragma once

#include <functional>

#include "cuda_runtime_api.h"

namespace lstm::testing::emulation {

// Puts work into a stream, or into the graph that is being recorded there.
void enqueue(cudaStream_t stream, std::function<void()> work);

// Or else: other streams than the one that is waited for (of a graph: than its first) do all that events
// allow them to before that one goes on. This shows an event that a stream lacks which overwrites or reads
// too early.
void run_other_streams_first(bool is_so);

}  // namespace lstm::testing::emulation
