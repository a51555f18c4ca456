// What the registry knows of this folder. without_cuda/ has the same functions for a build without CUDA.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "lstm/cuda.h"
#include "lstm/engine.h"

namespace lstm::cuda {

// Every engine for a GPU, slowest first; known in every build.
std::span<const EngineKind> engine_kinds();

// Throws std::invalid_argument with the reason where the engine cannot run: the build, the device, the
// combination.
std::unique_ptr<Engine> make_engine(std::string_view name, const Network& network, const BatchShape& shape,
                                    const EngineOptions& options, const AdamOptions& adam);

}  // namespace lstm::cuda
