#include "engines/sequence/sequence_state.h"

namespace lstm::engines {

SequenceState::SequenceState(const Network& network_, const SequenceGeometry& geometry_,
                             const kernels::SequenceKernels& kernels_, const PackedBatch& batch_,
                             const Chunks& chunks_, const ParameterStore& store_, SequenceBuffers& buffers_,
                             cpu::ThreadTeam& team_, const RecurrenceSplit& split,
                             const RecurrenceSplit& alternative)
    : network(network_),
      geometry(geometry_),
      kernels(kernels_),
      batch(batch_),
      chunks(chunks_),
      store(store_),
      buffers(buffers_),
      team(team_),
      recurrence(network_, split, alternative, team_),
      gradient_shares(team_.threads()) {}

}  // namespace lstm::engines
