// Logits as callers see them, from those in packed rows.
#pragma once

#include <span>

#include "engines/training/packed_batch.h"

namespace lstm::engines {

// packed: cross-entropy (N, V) by place; CTC (rows, V). Writes what Engine::read_logits() promises and throws
// what it throws.
void unpack_logits(const Network& network, const PackedBatch& batch, const float* packed,
                   std::span<float> logits);

}  // namespace lstm::engines
