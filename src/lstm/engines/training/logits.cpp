#include "engines/training/logits.h"

#include <algorithm>

namespace lstm::engines {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

}  // namespace

void unpack_logits(const Network& network, const LogitRow& row, const PackedBatch& batch, const float* packed,
                   std::span<float> logits, Part part) {
  const auto row_size = static_cast<std::size_t>(row.size());
  if (!network.reads_every_step()) {
    for (int place = part.part; place < batch.samples(); place += part.parts)
      row.unpack(packed + size(place, row.packed_size()),
                 logits.data() + size(batch.sample(place), row.size()));
    return;
  }
  batch.for_each_loaded_row(part, [&](int place, int t) {
    float* to = logits.data() + batch.loaded_row(place, t) * row_size;
    if (t < batch.loss_length(place)) {
      row.unpack(packed + size(batch.row(t) + place, row.packed_size()), to);
    } else {
      std::fill_n(to, row_size, 0.0f);
    }
  });
}

void pack_logit_gradients(const Network& network, const LogitRow& row, const PackedBatch& batch,
                          std::span<const float> gradients, std::span<float> packed, Part part) {
  const auto row_size = static_cast<std::size_t>(row.size());
  if (!network.reads_every_step()) {
    for (int place = part.part; place < batch.samples(); place += part.parts)
      row.pack(gradients.data() + size(batch.sample(place), row.size()),
               packed.data() + size(place, row.packed_size()));
    return;
  }
  batch.for_each_loaded_row(part, [&](int place, int t) {
    if (t >= batch.length(place)) return;
    const std::size_t at = size(batch.row(t) + place, row.packed_size());
    if (at >= packed.size()) return;  // no sample's loss reads this step
    if (t < batch.loss_length(place)) {
      row.pack(gradients.data() + batch.loaded_row(place, t) * row_size, packed.data() + at);
    } else {
      std::fill_n(packed.data() + at, row.packed_size(), 0.0f);
    }
  });
}

}  // namespace lstm::engines
