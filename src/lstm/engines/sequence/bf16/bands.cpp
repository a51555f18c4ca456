#include "engines/sequence/bf16/bands.h"

namespace lstm::engines::bf16 {
namespace {

constexpr int kTileRows = 16;
// A band ends where so much of its tiles, or less, is empty, and has that many rows at most unless one time
// step has more.
constexpr int kEmptyRowsOf = 8;  // one of so many
constexpr int kMostRows = 128;

bool fill_tiles(int rows) {
  const int empty = (kTileRows - rows % kTileRows) % kTileRows;
  return kEmptyRowsOf * empty <= rows;
}

}  // namespace

Bands::Bands(const BatchShape& shape, int parts, int sample_groups)
    : P_(parts),
      sample_groups_(sample_groups),
      bands_(static_cast<std::size_t>(shape.time_steps)),
      of_step_(static_cast<std::size_t>(shape.time_steps)) {}

void Bands::cut(const PackedBatch& batch) {
  steps_ = batch.steps();
  are_tiles_ =
      batch.active(steps_ - 1) == batch.samples() && batch.samples() % (kTileRows * sample_groups_) == 0;
  std::size_t count = 0;
  for (int t = 0; t < steps_;) {
    Band& band = bands_[count];
    band = {.first_row = batch.row(t), .rows = 0, .last_step = t};
    do {
      of_step_[static_cast<std::size_t>(t)] = static_cast<int>(count);
      band.rows += batch.active(t);
      band.last_step = ++t;
    } while (t < steps_ && !fill_tiles(band.rows) && band.rows + batch.active(t) <= kMostRows);
    ++count;
  }
}

}  // namespace lstm::engines::bf16
