// The seed's LSTMCell-basic on the GPU: what a researcher writes by hand. Every operation of every time step,
// forward and backward, is a launch of its own.
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::cuda {

// fp32, tf32.
std::unique_ptr<Engine> make_basic_engine(const Network& network, const BatchShape& shape,
                                          const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::cuda
