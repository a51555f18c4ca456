#include <numeric>

#include "lstm/batch.h"

namespace lstm {

std::size_t row_count(const Batch& batch) {
  if (batch.order == RowOrder::packed) {
    return std::accumulate(batch.lengths.begin(), batch.lengths.end(), std::size_t{0});
  }
  return static_cast<std::size_t>(batch.samples) * static_cast<std::size_t>(batch.time_steps);
}

std::size_t logits_size(const Network& network, const Batch& batch) {
  const std::size_t rows =
      network.reads_every_step() ? row_count(batch) : static_cast<std::size_t>(batch.samples);
  return rows * static_cast<std::size_t>(network.logits());
}

std::size_t states_size(const Network& network, const Batch& batch) {
  return static_cast<std::size_t>(network.layers * network.directions) *
         static_cast<std::size_t>(batch.samples) * static_cast<std::size_t>(network.units);
}

}  // namespace lstm
