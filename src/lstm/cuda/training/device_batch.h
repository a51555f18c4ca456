// A batch on the device: x as loaded, and what kernels need to know of its packed rows. All pointers stay the
// same from batch to batch, so that graphs may hold them.
#pragma once

#include <list>
#include <vector>

#include "cuda/kernels/packed_rows.h"
#include "cuda/runtime/memory.h"
#include "cuda/runtime/stream.h"
#include "engines/training/packed_batch.h"

namespace lstm::cuda {

// Patterns of lengths that come in turns are told apart for so many.
inline constexpr std::size_t kRecentPatterns = 4;

class DeviceBatch {
 public:
  DeviceBatch(const Network& network, const BatchShape& shape);  // throws std::bad_alloc

  // Validates, sorts, and starts the copies to the device; does not wait for them.
  void load(const Batch& batch, const Stream& stream);

  // On the host: lengths, places, steps.
  const engines::PackedBatch& packed() const { return packed_; }
  int loss_steps() const { return loss_steps_; }  // the longest loss length
  // A number for what work is recorded for: the same as that of an earlier batch only where both have the
  // same rows(), loaded_rows() and loss_steps(). The latest kRecentPatterns are known again.
  int pattern() const { return patterns_.front().number; }

  // On the device.
  PackedRows rows() const { return {packed_.steps(), ints_of(row_starts_)}; }
  const float* x() const { return x_; }  // as loaded
  LoadedRows loaded_rows() const { return loaded_rows_; }
  const int* order() const { return ints_of(order_); }                // (N) sample by place
  const int* lengths() const { return ints_of(lengths_); }            // (N) by place
  const int* loss_lengths() const { return ints_of(loss_lengths_); }  // (N) by place
  const int* labels() const { return ints_of(labels_); }  // by place: (N) classes; CTC: all label sequences
  const int* label_starts() const { return ints_of(label_starts_); }    // (N + 1) by place
  const int* label_lengths() const { return ints_of(label_lengths_); }  // (N) by place

  std::size_t bytes() const { return arena_.bytes() + packed_.bytes(); }

 private:
  const int* ints_of(std::size_t offset) const { return ints_ + offset; }
  void write_ints();
  void find_pattern();

  struct Pattern {
    int number;
    std::vector<int> key;  // of row starts and the other two
  };

  engines::PackedBatch packed_;
  int loss_steps_ = 0;
  LoadedRows loaded_rows_ = {};
  std::list<Pattern> patterns_;  // the latest first
  int pattern_count_ = 0;
  // Where each array lies in the ints, of which the last has as many as the batch has labels.
  std::size_t row_starts_, order_, lengths_, loss_lengths_, label_lengths_, label_starts_, labels_, used_ = 0;
  PinnedMemory staged_;
  Event is_staged_read_;  // the device has read staged_
  DeviceArena arena_;
  float* x_ = nullptr;
  int* ints_ = nullptr;
};

}  // namespace lstm::cuda
