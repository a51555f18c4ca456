// The float64 reference as an engine: the judge of every other one. It never rounds to float inside; see
// docs/correctness.md for what it computes and how that is checked.
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::reference {

// Throws std::invalid_argument for any dtype but fp64. options.isa and options.split have no effect.
std::unique_ptr<Engine> make_reference_engine(const Network& network, const BatchShape& shape,
                                              const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::reference
