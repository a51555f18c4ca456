#include "model/logits.h"

#include <stdexcept>
#include <string>

namespace lstm {

std::size_t logits_size(const Network& network, const Batch& batch) {
  const auto rows = static_cast<std::size_t>(batch.samples) *
                    static_cast<std::size_t>(network.reads_every_step() ? batch.time_steps : 1);
  return rows * static_cast<std::size_t>(network.classes);
}

namespace model {

void require_logits_size(const Network& network, const Batch& batch, std::size_t size) {
  if (batch.samples == 0) throw std::invalid_argument("logits: no batch was loaded");
  const std::size_t expected = logits_size(network, batch);
  if (size == expected) return;
  throw std::invalid_argument("logits: got " + std::to_string(size) + " floats, expected " +
                              std::to_string(expected));
}

}  // namespace model
}  // namespace lstm
