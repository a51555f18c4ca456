#include "engines/training/logits.h"

#include <algorithm>

#include "model/logits.h"

namespace lstm::engines {

void unpack_logits(const Network& network, const PackedBatch& batch, const float* packed,
                   std::span<float> logits) {
  model::require_logits_size(network, batch.batch(), logits.size());
  const auto V = static_cast<std::size_t>(network.classes);
  const std::size_t each = logits.size() / static_cast<std::size_t>(batch.samples());
  for (int place = 0; place < batch.samples(); ++place) {
    float* to = logits.data() + static_cast<std::size_t>(batch.sample(place)) * each;
    float* const end = to + each;
    const int steps = network.loss == Loss::ctc ? batch.loss_length(place) : 1;
    for (int t = 0; t < steps; ++t) {
      const int row = network.loss == Loss::ctc ? batch.row(t) + place : place;
      to = std::copy_n(packed + static_cast<std::size_t>(row) * V, V, to);
    }
    std::fill(to, end, 0.0f);
  }
}

}  // namespace lstm::engines
