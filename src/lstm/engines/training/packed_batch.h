// A batch of sequences of different lengths without their padding: what every engine but the reference runs
// on.
//
// Samples are sorted by descending length (then by descending loss length), so that at step t the samples
// that still run are places 0..active(t)-1. A packed tensor holds, step after step, one row for each of them:
// the row of place k at step t is row(t) + k, for both directions. The forward direction goes through the
// steps upwards and its active batch shrinks; the reverse direction goes downwards from the last step, and
// the places active(t+1)..active(t)-1 start at t from h = c = 0, at their own last step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpu/thread_team.h"
#include "engines/training/range.h"
#include "lstm/batch.h"

namespace lstm::engines {

// One step of one direction's recurrence, as packed rows.
struct RecurrentStep {
  int row = 0;          // first row of the step
  int rows = 0;         // samples that run at it
  int row_before = 0;   // first row of the step that it continues
  int rows_before = 0;  // the first so many of its samples continue one; the others start from zero
  int t = 0;            // the time step
  int t_before = 0;     // that which it continues, where there is one
};

// Which of how many calls that share some work.
struct Part {
  int part = 0, parts = 1;
};

class PackedBatch {
 public:
  PackedBatch(const Network& network, const BatchShape& shape);

  // Validates the batch (throws what validate(batch) throws), keeps its views, sorts. Does not allocate.
  void load(const Batch& batch);

  // As loaded.
  const Batch& batch() const { return batch_; }
  int samples() const { return batch_.samples; }                              // N
  int steps() const { return steps_; }                                        // of the longest sample
  int rows() const { return row_starts_[static_cast<std::size_t>(steps_)]; }  // sum of all lengths
  int most_rows() const { return most_rows_; }                                // the shape's total_steps
  // Samples that still run at step t, 0 behind the last step.
  int active(int t) const { return t < steps_ ? row(t + 1) - row(t) : 0; }
  int row(int t) const { return row_starts_[static_cast<std::size_t>(t)]; }

  // The k-th step in the order of the recurrence, k = 0..steps()-1; direction 0 is forward, 1 reverse.
  RecurrentStep step(int direction, int k) const;

  int sample(int place) const { return order_[static_cast<std::size_t>(place)]; }  // in the batch as loaded
  int length(int place) const { return batch_.lengths[static_cast<std::size_t>(sample(place))]; }
  // The time step that a direction of the sample ends at, and its packed row.
  int end(int direction, int place) const { return direction == 0 ? length(place) - 1 : 0; }
  int end_row(int direction, int place) const { return row(end(direction, place)) + place; }
  int loss_length(int place) const;                       // steps that CTC covers; else length
  std::span<const std::int32_t> labels(int place) const;  // cross-entropy: one; custom: none

  // The row of one sample at one time step in the caller's arrays, which are laid out as batch().order says.
  std::size_t loaded_row(int place, int t) const {
    const auto n = static_cast<std::size_t>(sample(place)), step = static_cast<std::size_t>(t);
    switch (batch_.order) {
      case RowOrder::by_sample:
        return n * static_cast<std::size_t>(batch_.time_steps) + step;
      case RowOrder::by_step:
        return step * static_cast<std::size_t>(batch_.samples) + n;
      case RowOrder::packed:
        break;
    }
    return static_cast<std::size_t>(row(t)) + n;
  }
  // Calls body(place, t) for each row that the caller has, also behind a sample's length; more or less in the
  // caller's order.
  template <class Body>
  void for_each_loaded_row(Part part, const Body& body) const {
    if (batch_.order == RowOrder::by_sample) {
      for (int place = part.part; place < samples(); place += part.parts) {
        for (int t = 0; t < batch_.time_steps; ++t) body(place, t);
      }
      return;
    }
    const bool is_packed = batch_.order == RowOrder::packed;
    const Range steps = part_of(is_packed ? steps_ : batch_.time_steps, part.part, part.parts);
    for (int t = steps.first; t < steps.last; ++t) {
      const int places = is_packed ? active(t) : samples();
      for (int place = 0; place < places; ++place) body(place, t);
    }
  }

  // (C) of one sample at one time step, as loaded.
  const float* x(int place, int t) const {
    return batch_.x.data() + loaded_row(place, t) * static_cast<std::size_t>(network_.inputs);
  }
  // Copies x into packed rows (rows(), C); nothing behind a sample's length is read.
  void pack_x(cpu::ThreadTeam& team, float* packed) const;
  // The way back, of the gradients of x: packed rows of `stride` floats, C of which are copied, into `dx`,
  // laid out as x was loaded; zeros behind each sample's length.
  void unpack_dx(cpu::ThreadTeam& team, const float* packed, int stride, std::span<float> dx) const;

  std::size_t bytes() const;

 private:
  Network network_;
  BatchShape shape_;
  Batch batch_;
  int steps_ = 0;
  int most_rows_ = 0;
  std::vector<int> row_starts_;            // (T + 1)
  std::vector<int> order_;                 // (N)
  std::vector<std::size_t> label_starts_;  // (N + 1) by sample as loaded
};

}  // namespace lstm::engines
