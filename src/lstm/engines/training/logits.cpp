#include "engines/training/logits.h"

#include <algorithm>

namespace lstm::engines {
namespace {

// Where a sample starts in the caller's order.
std::size_t first_of(const Network& network, const PackedBatch& batch, int place) {
  return static_cast<std::size_t>(batch.sample(place)) *
         (logits_size(network, batch.batch()) / static_cast<std::size_t>(batch.samples()));
}

std::size_t packed_row(const Network& network, const PackedBatch& batch, int place, int t) {
  return static_cast<std::size_t>(batch.row(t) + place) * static_cast<std::size_t>(network.classes);
}

}  // namespace

void unpack_logits(const Network& network, const PackedBatch& batch, int place, const float* packed,
                   std::span<float> logits) {
  const int V = network.classes;
  float* to = logits.data() + first_of(network, batch, place);
  if (!network.reads_every_step()) {
    std::copy_n(packed + static_cast<std::size_t>(place) * static_cast<std::size_t>(V), V, to);
    return;
  }
  const int read = batch.loss_length(place);
  for (int t = 0; t < read; ++t, to += V) std::copy_n(packed + packed_row(network, batch, place, t), V, to);
  const int rest = batch.batch().time_steps - read;
  std::fill_n(to, static_cast<std::size_t>(rest) * static_cast<std::size_t>(V), 0.0f);
}

void pack_logit_gradients(const Network& network, const PackedBatch& batch, int place,
                          std::span<const float> gradients, std::span<float> packed) {
  const int V = network.classes;
  const float* from = gradients.data() + first_of(network, batch, place);
  if (!network.reads_every_step()) {
    std::copy_n(from, V, packed.data() + static_cast<std::size_t>(place) * static_cast<std::size_t>(V));
    return;
  }
  const int read = batch.loss_length(place);
  for (int t = 0; t < batch.length(place); ++t, from += V) {
    const std::size_t row = packed_row(network, batch, place, t);
    if (row >= packed.size()) break;  // no sample's loss reads this step
    if (t < read) {
      std::copy_n(from, V, packed.data() + row);
    } else {
      std::fill_n(packed.data() + row, V, 0.0f);
    }
  }
}

}  // namespace lstm::engines
