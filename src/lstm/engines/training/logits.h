// Logits and their gradients as callers see them, from and to packed rows.
#pragma once

#include <span>

#include "engines/training/packed_batch.h"

namespace lstm::engines {

// packed: (N, V) by place where the head reads last steps, else (rows, V). Writes what Engine::read_logits()
// promises of the sample at one place; `logits` has the size for all.
void unpack_logits(const Network& network, const PackedBatch& batch, int place, const float* packed,
                   std::span<float> logits);
// The way back, of gradients: writes all rows of `packed` that the sample has, zeros where its loss does not
// read.
void pack_logit_gradients(const Network& network, const PackedBatch& batch, int place,
                          std::span<const float> gradients, std::span<float> packed);

}  // namespace lstm::engines
