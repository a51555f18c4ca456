// Where the rows of the bf16 engine's operands lie: x, y, gates, c, with a row for each sample and time step.
//
// A tile of AMX is 32 numbers each of 16 rows. So that it comes from one piece of memory, and not from 16
// that lie as far apart as rows are long, rows lie side by side:
//   bands  (columns / 32, P, rows, 32) words: the rows of a time step, or of some that follow each other, for
//          products over all time steps want tiles that are full.
//   tiles  (rows / 16, columns / 32, P, 16, 32) words, where all samples are of one length and whole tiles. A
//          step of 64 rows would come from half of the first-level cache's sets as a band.
#pragma once

#include <vector>

#include "engines/training/packed_batch.h"
#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::engines::bf16 {

class Bands {
 public:
  // parts: P. sample_groups: of the recurrence, each of which reads and writes rows of its own.
  Bands(const BatchShape& shape, int parts, int sample_groups);
  // Does not allocate.
  void cut(const PackedBatch& batch);

  // True where a group's samples should be neighbours: rows of two groups share no tile.
  bool are_tiles() const { return are_tiles_; }
  // The rows of the steps from t up to this one are those of one RowsOf.
  int end_of_run(int t) const { return are_tiles_ ? steps_ : band(t).last_step; }

  // Rows place, place + distance, ... of time step t, and those of the steps behind it up to end_of_run(t),
  // of an operand of so many columns, from one of them on. `row`: the packed row of `place` at t.
  template <class Word>
  kernels::bf16::RowsOf<Word> rows(Word* operand, int columns, int t, int row, int distance = 1,
                                   int first_column = 0) const {
    const auto K = static_cast<std::size_t>(P_ * columns), r = static_cast<std::size_t>(row);
    const std::size_t next_row = static_cast<std::size_t>(distance) * kTileK;
    const std::size_t tile = static_cast<std::size_t>(first_column / kTileK);
    if (are_tiles_) {
      const std::size_t step = static_cast<std::size_t>(P_) * kernels::bf16::kTileElements;
      return {operand + r / 16 * 16 * K + r % 16 * kTileK + tile * step, next_row, 16 * K, step};
    }
    const Band& of = band(t);
    const auto first = static_cast<std::size_t>(of.first_row);
    const std::size_t step = static_cast<std::size_t>(P_ * of.rows) * kTileK;
    return {operand + first * K + (r - first) * kTileK + tile * step, next_row, 16 * next_row, step};
  }
  // One packed row of time step t, from a column on.
  kernels::bf16::ConstRow row(const kernels::bf16::Bf16* operand, int columns, int t, int row,
                              int first_column = 0) const {
    const kernels::bf16::ConstRows from = rows(operand, columns, t, row, 1, first_column);
    return {from.start, from.step};
  }

 private:
  static constexpr int kTileK = kernels::bf16::kTileK;
  struct Band {
    int first_row, rows;
    int last_step;
  };
  const Band& band(int t) const {
    return bands_[static_cast<std::size_t>(of_step_[static_cast<std::size_t>(t)])];
  }

  int P_, sample_groups_;
  int steps_ = 0;
  bool are_tiles_ = false;
  std::vector<Band> bands_;   // of the batch, then unused ones
  std::vector<int> of_step_;  // (T)
};

}  // namespace lstm::engines::bf16
