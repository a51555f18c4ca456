// The seed's LSTMCell-basic: what a researcher writes by hand. Every operation of every time step runs on its
// own and is recorded on a tape, which differentiates it.
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::engines {

std::unique_ptr<Engine> make_basic_engine(const Network& network, const BatchShape& shape,
                                          const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::engines
