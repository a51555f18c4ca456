// Our own fastest way on a GPU: one launch runs a whole layer's recurrence, both directions at once, with R
// in registers and shared memory (docs/cuda.md).
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::cuda {

// fp32, tf32, bf16, fp16. Throws std::invalid_argument where R does not fit on the GPU.
std::unique_ptr<Engine> make_persistent_engine(const Network& network, const BatchShape& shape,
                                               const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::cuda
