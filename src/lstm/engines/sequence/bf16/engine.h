// The sequence engine with weights, activations and saved gates in bf16; sums, cell states, gradients of
// weights, master weights and losses in fp32.
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::engines::bf16 {

std::unique_ptr<Engine> make_engine(const Network& network, const BatchShape& shape,
                                    const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::engines::bf16
