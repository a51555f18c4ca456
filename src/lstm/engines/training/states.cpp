#include "engines/training/states.h"

#include <algorithm>

namespace lstm::engines {

States::States(const Network& network, const BatchShape& shape, int stored_units, int d_initial_h_row)
    : network_(network), shape_(shape), stored_units_(stored_units), d_initial_h_row_(d_initial_h_row) {
  plan();
  arena_.allocate();
  plan();
}

void States::plan() {
  const auto states = static_cast<std::size_t>(network_.layers * network_.directions) *
                      static_cast<std::size_t>(shape_.samples);
  for (int kind = 0; kind < kKinds; ++kind) {
    states_[static_cast<std::size_t>(kind)] =
        arena_.take<float>(states * static_cast<std::size_t>(row_of(static_cast<Kind>(kind))));
  }
}

StateRows States::rows(Kind kind, int layer, int direction) const {
  const int row = row_of(kind);
  const auto first = static_cast<std::size_t>(layer * network_.directions + direction) *
                     static_cast<std::size_t>(shape_.samples) * static_cast<std::size_t>(row);
  return {states_[static_cast<std::size_t>(kind)].data() + first, row};
}

template <class Body>
void States::for_each_state(const PackedBatch& batch, Kind kind, const Body& body) const {
  const int N = batch.samples();
  for (int layer = 0; layer < network_.layers; ++layer) {
    for (int d = 0; d < network_.directions; ++d) {
      const StateRows states = rows(kind, layer, d);
      for (int place = 0; place < N; ++place) {
        const auto state =
            static_cast<std::size_t>(layer * network_.directions + d) * static_cast<std::size_t>(N) +
            static_cast<std::size_t>(batch.sample(place));
        body(state * static_cast<std::size_t>(network_.units), states.at(place));
      }
    }
  }
}

void States::take(const PackedBatch& batch, Kind kind, std::span<const float> states) {
  for_each_state(batch, kind, [&](std::size_t first, float* to) {
    std::copy_n(states.data() + first, network_.units, to);
  });
}

void States::load(const PackedBatch& batch) {
  has_initial_ = !batch.batch().initial_h.empty();
  if (!has_initial_) return;
  take(batch, kInitialH, batch.batch().initial_h);
  take(batch, kInitialC, batch.batch().initial_c);
}

void States::set_final_gradients(const PackedBatch& batch, std::span<const float> h,
                                 std::span<const float> c) {
  has_final_gradients_ = true;
  take(batch, kDFinalH, h);
  take(batch, kDFinalC, c);
}

void States::clear_final_gradients() {
  if (!has_final_gradients_) return;
  has_final_gradients_ = false;
  for (const Kind kind : {kDFinalH, kDFinalC}) std::ranges::fill(states_[kind], 0.0f);
}

void States::read_initial_gradients(const PackedBatch& batch, std::span<float> h, std::span<float> c) const {
  const auto give = [&](Kind kind, std::span<float> to) {
    for_each_state(batch, kind, [&](std::size_t first, const float* from) {
      std::copy_n(from, network_.units, to.data() + first);
    });
  };
  give(kDInitialH, h);
  give(kDInitialC, c);
}

}  // namespace lstm::engines
