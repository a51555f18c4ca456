#include "engines/training/logits.h"

#include <algorithm>

namespace lstm::engines {
namespace {

// body(first element of a row of the caller's, first element of the packed one) for each that a loss reads.
template <class Body>
void for_each_row(const Network& network, const PackedBatch& batch, const Body& body) {
  const auto V = static_cast<std::size_t>(network.classes);
  const std::size_t steps =
      network.reads_every_step() ? static_cast<std::size_t>(batch.batch().time_steps) : 1;
  for (int place = 0; place < batch.samples(); ++place) {
    const std::size_t first = static_cast<std::size_t>(batch.sample(place)) * steps;
    if (!network.reads_every_step()) {
      body(first * V, static_cast<std::size_t>(place) * V);
      continue;
    }
    for (int t = 0; t < batch.loss_length(place); ++t) {
      body((first + static_cast<std::size_t>(t)) * V, static_cast<std::size_t>(batch.row(t) + place) * V);
    }
  }
}

}  // namespace

void unpack_logits(const Network& network, const PackedBatch& batch, const float* packed,
                   std::span<float> logits) {
  std::fill(logits.begin(), logits.end(), 0.0f);
  for_each_row(network, batch, [&](std::size_t own, std::size_t in_packed) {
    std::copy_n(packed + in_packed, network.classes, logits.data() + own);
  });
}

void pack_logit_gradients(const Network& network, const PackedBatch& batch, std::span<const float> gradients,
                          std::span<float> packed) {
  std::fill(packed.begin(), packed.end(), 0.0f);
  for_each_row(network, batch, [&](std::size_t own, std::size_t in_packed) {
    std::copy_n(gradients.data() + own, network.classes, packed.data() + in_packed);
  });
}

}  // namespace lstm::engines
