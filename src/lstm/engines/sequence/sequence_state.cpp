#include "engines/sequence/sequence_state.h"

namespace lstm::engines {

SequenceState::SequenceState(const Network& network_, const SequenceGeometry& geometry_,
                             const kernels::SequenceKernels& kernels_, const PackedBatch& batch_,
                             const Chunks& chunks_, const ParameterStore& store_, SequenceBuffers& buffers_,
                             cpu::ThreadTeam& team_, const RecurrenceSplit& split_)
    : network(network_),
      geometry(geometry_),
      kernels(kernels_),
      batch(batch_),
      chunks(chunks_),
      store(store_),
      buffers(buffers_),
      team(team_),
      split(split_) {
  for (int i = 0; i < split.directions_at_once * split.sample_groups; ++i) {
    barriers.emplace_back(split.unit_parts, team.barrier_spin());
  }
}

RecurrenceTask SequenceState::task(int thread) {
  const int set = thread / split.unit_parts;  // threads that share direction and samples
  const int d = set / split.sample_groups;
  const bool all_directions = split.directions_at_once == 1;
  return {.first_direction = all_directions ? 0 : d,
          .last_direction = all_directions ? network.directions : d + 1,
          .group = set % split.sample_groups,
          .groups = split.sample_groups,
          .blocks = part_of(geometry.U, thread % split.unit_parts, split.unit_parts),
          .barrier = &barriers[static_cast<std::size_t>(set)]};
}

}  // namespace lstm::engines
