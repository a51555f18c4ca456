// The seed's LSTMCell-fused on the GPU: for each time step one product with R and one kernel for all gates,
// recorded once as a CUDA graph. Products with W, and all weight gradients, are taken over all steps at once.
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::cuda {

// fp32, tf32, bf16, fp16.
std::unique_ptr<Engine> make_fused_engine(const Network& network, const BatchShape& shape,
                                          const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::cuda
