#include "engines/training/logits.h"

#include <algorithm>

namespace lstm::engines {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// Where a sample starts in the caller's order.
std::size_t first_of(const Network& network, const LogitRow& row, const PackedBatch& batch, int place) {
  const int steps = network.reads_every_step() ? batch.batch().time_steps : 1;
  return static_cast<std::size_t>(batch.sample(place)) * size(steps, row.size());
}

}  // namespace

void unpack_logits(const Network& network, const LogitRow& row, const PackedBatch& batch, int place,
                   const float* packed, std::span<float> logits) {
  float* to = logits.data() + first_of(network, row, batch, place);
  if (!network.reads_every_step()) {
    row.unpack(packed + size(place, row.packed_size()), to);
    return;
  }
  const int read = batch.loss_length(place);
  for (int t = 0; t < read; ++t, to += row.size())
    row.unpack(packed + size(batch.row(t) + place, row.packed_size()), to);
  std::fill_n(to, size(batch.batch().time_steps - read, row.size()), 0.0f);
}

void pack_logit_gradients(const Network& network, const LogitRow& row, const PackedBatch& batch, int place,
                          std::span<const float> gradients, std::span<float> packed) {
  const float* from = gradients.data() + first_of(network, row, batch, place);
  if (!network.reads_every_step()) {
    row.pack(from, packed.data() + size(place, row.packed_size()));
    return;
  }
  const int read = batch.loss_length(place);
  for (int t = 0; t < batch.length(place); ++t, from += row.size()) {
    const std::size_t at = size(batch.row(t) + place, row.packed_size());
    if (at >= packed.size()) break;  // no sample's loss reads this step
    if (t < read) {
      row.pack(from, packed.data() + at);
    } else {
      std::fill_n(packed.data() + at, row.packed_size(), 0.0f);
    }
  }
}

}  // namespace lstm::engines
