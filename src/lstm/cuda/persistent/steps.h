// The steps that a slice goes through, in packed rows: the row of place p at time t is row_starts[t] + p, and
// places are sorted by descending length (engines/training/packed_batch.h).
#pragma once

#include "cuda/persistent/layout.h"

namespace lstm::cuda::persistent {

struct Step {
  int row = 0;     // of the slice's first sample
  int active = 0;  // samples of the slice that run
};

// As it lies in memory. Loaded long before it is needed, for which nobody must compute with it at once.
struct StoredStep {
  int start = 0, end = 0;  // its rows, of all samples
};

class SliceSteps {
 public:
  // The slice goes on for as long as its first sample, since those behind it are no longer. A batch may have
  // fewer samples than it was planned for.
  LSTM_HOST_DEVICE SliceSteps(const Geometry& geometry, const int* lengths, const int* row_starts, int group)
      : row_starts_(row_starts),
        first_place_(group % geometry.slices * geometry.slice),
        slice_(geometry.slice),
        is_reverse_(group >= geometry.slices),
        count_(row_starts[1] > first_place_ ? lengths[first_place_] : 0) {}

  LSTM_HOST_DEVICE int direction() const { return is_reverse_ ? 1 : 0; }
  LSTM_HOST_DEVICE int count() const { return count_; }
  LSTM_HOST_DEVICE int first_place() const { return first_place_; }
  // Of the batch, in the slice.
  LSTM_HOST_DEVICE int samples() const { return step_of({0, row_starts_[1]}).active; }
  // The k-th in the order of the recurrence; none in front of the first and behind the last.
  LSTM_HOST_DEVICE StoredStep load(int k) const {
    if (k < 0 || k >= count_) return {};
    const int t = is_reverse_ ? count_ - 1 - k : k;
    return {row_starts_[t], row_starts_[t + 1]};
  }
  // The same for the loop (Lane::load_global_if()); in front of it, it costs forward registers (TF32:
  // spills).
  template <class Lane>
  LSTM_DEVICE void load(Lane& lane, int k, StoredStep& stored) const {
    const int* const at = lane.row_of(row_starts_, is_reverse_ ? count_ - 1 - k : k, sizeof(int));
    const bool is_there = k >= 0 && k < count_;
    stored = {};
    lane.template load_global_if<int>(is_there, at, stored.start);
    lane.template load_global_if<int>(is_there, at + 1, stored.end);
  }
  LSTM_HOST_DEVICE Step step_of(const StoredStep& stored) const {
    const int active = stored.end - stored.start - first_place_;
    return {stored.start + first_place_, active < slice_ ? active : slice_};  // none: 0 or fewer
  }
  LSTM_HOST_DEVICE Step at(int k) const { return step_of(load(k)); }

 private:
  const int* row_starts_;
  int first_place_, slice_;
  bool is_reverse_;
  int count_;
};

}  // namespace lstm::cuda::persistent
