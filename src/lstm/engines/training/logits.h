// Logits and their gradients as callers see them, from and to packed rows.
#pragma once

#include <span>

#include "engines/training/packed_batch.h"

namespace lstm::engines {

// packed: (N, V) by place where the head reads last steps, else (rows, V). Writes what Engine::read_logits()
// promises; `logits` has the size for it.
void unpack_logits(const Network& network, const PackedBatch& batch, const float* packed,
                   std::span<float> logits);
// The way back, of gradients: writes all of `packed`, zeros in rows that no sample's loss reads.
void pack_logit_gradients(const Network& network, const PackedBatch& batch, std::span<const float> gradients,
                          std::span<float> packed);

}  // namespace lstm::engines
