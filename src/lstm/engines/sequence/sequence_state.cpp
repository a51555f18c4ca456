#include "engines/sequence/sequence_state.h"

namespace lstm::engines {
SequenceState::SequenceState(const Network& network_, const SequenceGeometry& geometry_,
                             const kernels::SequenceKernels& kernels_, const PackedBatch& batch_,
                             const Chunks& chunks_, const ParameterStore& store_, const States& states_,
                             SequenceBuffers& buffers_, cpu::ThreadTeam& team_, const RecurrenceSplit& split,
                             const RecurrenceSplit& alternative)
    : network(network_),
      geometry(geometry_),
      kernels(kernels_),
      batch(batch_),
      chunks(chunks_),
      store(store_),
      states(states_),
      buffers(buffers_),
      team(team_),
      recurrence(network_, split, alternative, team_),
      backward_progress(network_, batch_, team_.threads()) {
  const GradientParts& parts = buffers.gradient_parts;
  for (int layer = 0; layer < network.layers; ++layer) {
    handovers.emplace_back();
    gradient_jobs.emplace_back(geometry.D * parts.rows * parts.units);
  }
}

}  // namespace lstm::engines
