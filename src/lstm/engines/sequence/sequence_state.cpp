#include "engines/sequence/sequence_state.h"

namespace lstm::engines {
namespace {

// Tiles of a gradient's rows that a thread needs at least, as it fetches the gradients of gates for them.
constexpr int kLeastTiles = 16;

// How many parts the units of the weight gradients are cut into so that threads have enough rows of them: the
// fewest, since every part packs the same rows of [X | H | 1] once more.
int unit_parts_of_gradients(const SequenceGeometry& g, int threads) {
  const int tiles = g.D * g.packed_gradient_rows(0) / g.tile_rows;
  for (int parts = 1; parts < threads && parts < g.U; ++parts)
    if (threads % parts == 0 && tiles >= threads / parts * kLeastTiles) return parts;
  return threads;
}

}  // namespace

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
      gradient_shares(static_cast<std::size_t>(unit_parts_of_gradients(geometry_, team_.threads())),
                      WorkShares(team_.threads() / unit_parts_of_gradients(geometry_, team_.threads()))) {}

}  // namespace lstm::engines
