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
      recurrence(network_, split, alternative, team_) {
  const GradientParts& parts = buffers.gradient_parts;
  for (int layer = 0; layer < network.layers; ++layer) {
    handovers.emplace_back();
    backward_progress.emplace_back(team.threads());
    gradient_jobs.emplace_back(geometry.D * parts.rows * parts.units);
  }
}

bool SequenceState::has_backward_chunk(int layer, int d, int index) const {
  const std::span<const Chunk> all = chunks.all();
  const Chunk& chunk =
      all[static_cast<std::size_t>(chunk_in_backward(d, index, static_cast<int>(all.size())))];
  const int steps = d == 0 ? batch.steps() - chunk.first_step : chunk.last_step;
  const RecurrenceProgress& progress = backward_progress[static_cast<std::size_t>(layer)];
  for (int thread = 0; recurrence.has_task(thread); ++thread) {
    const Range directions = recurrence.directions_of(thread);
    if (d < directions.first || d >= directions.last) continue;
    if (progress.steps(thread) < (d - directions.first) * batch.steps() + steps) return false;
  }
  return true;
}

bool SequenceState::has_backward_recurrence(int layer) const {
  const RecurrenceProgress& progress = backward_progress[static_cast<std::size_t>(layer)];
  for (int thread = 0; recurrence.has_task(thread); ++thread)
    if (progress.steps(thread) < recurrence.directions_of(thread).size() * batch.steps()) return false;
  return true;
}

}  // namespace lstm::engines
