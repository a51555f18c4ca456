// The sequence engine on products of bf16 operands; sums, cell states, gradients of weights, master weights
// and losses in fp32. bf16: weights, activations and saved gates in bf16. bf16x3: operands in two parts in
// bf16, which gives results as of fp32; saved gates in fp32.
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::engines::bf16 {

// For dtypes bf16 and bf16x3.
std::unique_ptr<Engine> make_engine(const Network& network, const BatchShape& shape,
                                    const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::engines::bf16
