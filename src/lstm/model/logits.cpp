#include "lstm/batch.h"

namespace lstm {

std::size_t logits_size(const Network& network, const Batch& batch) {
  const auto rows = static_cast<std::size_t>(batch.samples) *
                    static_cast<std::size_t>(network.reads_every_step() ? batch.time_steps : 1);
  return rows * static_cast<std::size_t>(network.logits());
}

std::size_t states_size(const Network& network, const Batch& batch) {
  return static_cast<std::size_t>(network.layers * network.directions) *
         static_cast<std::size_t>(batch.samples) * static_cast<std::size_t>(network.units);
}

}  // namespace lstm
