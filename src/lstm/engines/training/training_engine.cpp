#include "engines/training/training_engine.h"

#include <stdexcept>

namespace lstm::engines {
Isa chosen_isa(const EngineOptions& options) {
  if (!options.isa) return detected_isa();
  if (is_available(*options.isa)) return *options.isa;
  throw std::invalid_argument("isa: got " + std::string(name(*options.isa)) +
                              ", which this machine lacks; its best is " + std::string(name(detected_isa())));
}

TrainingEngine::TrainingEngine(const Network& network, const BatchShape& shape, const EngineOptions& options,
                               const AdamOptions& adam, int stored_units, int d_initial_h_row)
    : network_(network),
      shape_(shape),
      isa_(chosen_isa(options)),
      input_gradients_(options.input_gradients),
      team_(options.threads, options.pin_threads, options.region),
      gemm_(isa_, team_),
      batch_(network, shape),
      states_(network, shape, stored_units, d_initial_h_row),
      store_(network, adam, isa_),
      head_(network, shape, stored_units, isa_, team_, gemm_) {}

std::size_t TrainingEngine::workspace_bytes() const {
  return layer_bytes() + batch_.bytes() + states_.bytes() + head_.workspace_bytes() +
         static_cast<std::size_t>(team_.threads()) * kernels::gemm_scratch_size() * sizeof(float);
}

void TrainingEngine::copy_final_states(std::span<float> h, std::span<float> c) const {
  const auto H = static_cast<std::size_t>(network_.units);
  const auto N = static_cast<std::size_t>(batch_.samples());
  for (int layer = 0; layer < network_.layers; ++layer) {
    for (int d = 0; d < network_.directions; ++d) {
      for (int place = 0; place < batch_.samples(); ++place) {
        const auto state = static_cast<std::size_t>(layer * network_.directions + d) * N +
                           static_cast<std::size_t>(batch_.sample(place));
        read_final_state(layer, d, place, h.data() + state * H, c.data() + state * H);
      }
    }
  }
}

std::string TrainingEngine::kernels_and_threads(std::string_view kernels) const {
  return std::string(kernels) + " kernels, " + std::to_string(team_.threads()) +
         (team_.threads() == 1 ? " thread" : " threads");
}

}  // namespace lstm::engines
