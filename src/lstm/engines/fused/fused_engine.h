// The seed's LSTMCell-fused: for each time step one matrix product for the input, one for the recurrence, and
// one fused kernel for everything pointwise; forward and backward.
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::engines {

std::unique_ptr<Engine> make_fused_engine(const Network& network, const BatchShape& shape,
                                          const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::engines
