// Logits and their gradients as callers see them, from and to packed rows.
#pragma once

#include <algorithm>
#include <span>

#include "engines/training/packed_batch.h"

namespace lstm::engines {

// One row of logits: with a head V; without one the units of each direction, of which the packed row has more
// where they are padded.
struct LogitRow {
  int parts, part, packed_part;

  // stored_units: of one direction in packed rows.
  static LogitRow of(const Network& network, int stored_units) {
    if (network.has_head()) return {1, network.classes, network.classes};
    return {network.directions, network.units, stored_units};
  }

  int size() const { return parts * part; }
  int packed_size() const { return parts * packed_part; }
  void unpack(const float* packed, float* to) const {
    for (int i = 0; i < parts; ++i) std::copy_n(packed + i * packed_part, part, to + i * part);
  }
  // The padding stays as it is.
  void pack(const float* from, float* packed) const {
    for (int i = 0; i < parts; ++i) std::copy_n(from + i * part, part, packed + i * packed_part);
  }
};

// packed: (N, V) by place where the head reads last steps, else (rows, V), rows as LogitRow has them. Writes
// what Engine::read_logits() promises.
void unpack_logits(const Network& network, const LogitRow& row, const PackedBatch& batch, const float* packed,
                   std::span<float> logits, Part part = {});
// The way back, of gradients: writes all rows of `packed`, zeros where a sample's loss does not read.
void pack_logit_gradients(const Network& network, const LogitRow& row, const PackedBatch& batch,
                          std::span<const float> gradients, std::span<float> packed, Part part = {});

}  // namespace lstm::engines
