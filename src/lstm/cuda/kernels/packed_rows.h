// A batch's packed rows as kernels see them (engines/training/packed_batch.h): at step t the samples that
// still run are places 0..active(t)-1, longest first; the row of place k at step t is row(t) + k.
#pragma once

#include "cuda/math/host_device.h"

namespace lstm::cuda {

struct PackedRows {
  int steps = 0;                    // T, of the longest sample
  const int* row_starts = nullptr;  // (T + 1) on the device

  LSTM_HOST_DEVICE int row(int t) const { return row_starts[t]; }
  LSTM_HOST_DEVICE int active(int t) const { return row_starts[t + 1] - row_starts[t]; }
  // The step that direction's recurrence did before t; -1 where t is its first.
  LSTM_HOST_DEVICE int step_before(int direction, int t) const {
    if (direction == 0) return t - 1;
    return t + 1 < steps ? t + 1 : -1;
  }
  // Of the rows of t, the first so many continue rows of step_before; the others start from zero.
  LSTM_HOST_DEVICE int rows_before(int direction, int t) const {
    const int before = step_before(direction, t);
    if (before < 0) return 0;
    const int a = active(t), b = active(before);
    return a < b ? a : b;
  }
};

// Where the caller has the row of one sample at one time step (Batch::order): at sample * sample_distance + t
// * step_distance, or, packed, at row(t) + sample.
struct LoadedRows {
  static constexpr int kPacked = 0;  // as step_distance

  long long sample_distance = 0, step_distance = 0;

  LSTM_HOST_DEVICE long long row(const PackedRows& rows, int sample, int t) const {
    return sample * sample_distance + (step_distance == kPacked ? rows.row(t) : t * step_distance);
  }
};

}  // namespace lstm::cuda
