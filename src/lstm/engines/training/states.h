// The states that sequences start from and end in, and their gradients, by place (packed_batch.h): what a
// caller gives, and what it reads where an engine has no other place for it.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "cpu/memory.h"
#include "engines/training/packed_batch.h"

namespace lstm::engines {

// h or c of one layer and direction: (N, row) by place, the units of the padding zero.
struct StateRows {
  float* data = nullptr;
  int row = 0;

  float* at(int place) const {
    return data + static_cast<std::size_t>(place) * static_cast<std::size_t>(row);
  }
};

class States {
 public:
  // stored_units: of a direction, H or more; d_initial_h_row likewise, for its rows only. Throws
  // std::bad_alloc.
  States(const Network& network, const BatchShape& shape, int stored_units, int d_initial_h_row);

  // Takes the batch's initial states.
  void load(const PackedBatch& batch);
  // As Engine::set_final_state_gradients().
  void set_final_gradients(const PackedBatch& batch, std::span<const float> h, std::span<const float> c);
  void clear_final_gradients();
  // As Engine::read_initial_state_gradients().
  void read_initial_gradients(const PackedBatch& batch, std::span<float> h, std::span<float> c) const;

  // Without these, states that sequences start from are zero, and gradients of those they end in are: the
  // latter then lie there as zeros.
  bool has_initial() const { return has_initial_; }
  bool has_final_gradients() const { return has_final_gradients_; }

  StateRows initial_h(int layer, int direction) const { return rows(kInitialH, layer, direction); }
  StateRows initial_c(int layer, int direction) const { return rows(kInitialC, layer, direction); }
  StateRows final_c(int layer, int direction) const { return rows(kFinalC, layer, direction); }
  StateRows d_final_h(int layer, int direction) const { return rows(kDFinalH, layer, direction); }
  StateRows d_final_c(int layer, int direction) const { return rows(kDFinalC, layer, direction); }
  StateRows d_initial_h(int layer, int direction) const { return rows(kDInitialH, layer, direction); }
  StateRows d_initial_c(int layer, int direction) const { return rows(kDInitialC, layer, direction); }

  std::size_t bytes() const { return arena_.bytes(); }

 private:
  enum Kind { kInitialH, kInitialC, kFinalC, kDFinalH, kDFinalC, kDInitialH, kDInitialC, kKinds };

  void plan();
  int row_of(Kind kind) const { return kind == kDInitialH ? d_initial_h_row_ : stored_units_; }
  StateRows rows(Kind kind, int layer, int direction) const;
  void take(const PackedBatch& batch, Kind kind, std::span<const float> states);
  template <class Body>  // body(first float of the caller's, state) of each layer, direction and place
  void for_each_state(const PackedBatch& batch, Kind kind, const Body& body) const;

  Network network_;
  BatchShape shape_;
  int stored_units_, d_initial_h_row_;
  cpu::Arena arena_;
  std::array<std::span<float>, kKinds> states_;  // (L * D, N, row)
  bool has_initial_ = false;
  bool has_final_gradients_ = false;
};

}  // namespace lstm::engines
