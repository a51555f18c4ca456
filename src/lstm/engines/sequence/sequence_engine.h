// The fast engine: large products batched over time, recurrences on packed weights with fused activations, no
// padding.
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::engines {

std::unique_ptr<Engine> make_sequence_engine(const Network& network, const BatchShape& shape,
                                             const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::engines
