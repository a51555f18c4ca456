#include "engines/training/packed_batch.h"

#include <algorithm>
#include <numeric>

#include "engines/training/parallel.h"
#include "model/labels.h"

namespace lstm::engines {

PackedBatch::PackedBatch(const Network& network, const BatchShape& shape) : network_(network), shape_(shape) {
  validate(network);
  validate(shape);
  most_rows_ = static_cast<int>(most_steps(shape));
  row_starts_.resize(static_cast<std::size_t>(shape.time_steps) + 1);
  order_.resize(static_cast<std::size_t>(shape.samples));
  label_starts_.resize(order_.size() + 1);
}

void PackedBatch::load(const Batch& batch) {
  validate(batch, network_, shape_);
  batch_ = batch;
  const bool is_ctc = network_.loss == Loss::ctc;
  const auto samples = static_cast<std::size_t>(batch.samples);

  const auto order = std::span(order_).first(samples);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    if (batch.lengths[a] != batch.lengths[b]) return batch.lengths[a] > batch.lengths[b];
    if (is_ctc && batch.loss_lengths[a] != batch.loss_lengths[b]) {
      return batch.loss_lengths[a] > batch.loss_lengths[b];
    }
    return a < b;
  });

  steps_ = batch.lengths[order.front()];
  int active = batch.samples;
  int row = 0;
  for (int t = 0; t < steps_; ++t) {
    while (batch.lengths[order[static_cast<std::size_t>(active - 1)]] <= t) --active;
    row_starts_[static_cast<std::size_t>(t)] = row;
    row += active;
  }
  row_starts_[static_cast<std::size_t>(steps_)] = row;

  std::size_t label = 0;
  for (std::size_t n = 0; n < samples; ++n) {
    label_starts_[n] = label;
    label += model::label_count(network_, batch, n);
  }
  label_starts_[samples] = label;
}

RecurrentStep PackedBatch::step(int direction, int k) const {
  const int t = direction == 0 ? k : steps_ - 1 - k;
  const int before = direction == 0 ? t - 1 : t + 1;
  if (k == 0) return {row(t), active(t), 0, 0, t, before};
  return {row(t), active(t), row(before), std::min(active(t), active(before)), t, before};
}

int PackedBatch::loss_length(int place) const {
  const auto n = static_cast<std::size_t>(sample(place));
  return network_.loss == Loss::ctc ? batch_.loss_lengths[n] : batch_.lengths[n];
}

std::span<const std::int32_t> PackedBatch::labels(int place) const {
  const auto n = static_cast<std::size_t>(sample(place));
  return batch_.labels.subspan(label_starts_[n], label_starts_[n + 1] - label_starts_[n]);
}

void PackedBatch::pack_x(cpu::ThreadTeam& team, float* packed) const {
  const auto C = static_cast<std::size_t>(network_.inputs);
  for_each_part(team, steps_, 1, [&](std::int64_t first, std::int64_t last) {
    for (auto t = static_cast<int>(first); t < last; ++t) {
      for (int place = 0; place < active(t); ++place) {
        std::copy_n(x(place, t), C, packed + static_cast<std::size_t>(row(t) + place) * C);
      }
    }
  });
}

void PackedBatch::unpack_dx(cpu::ThreadTeam& team, const float* packed, int stride,
                            std::span<float> dx) const {
  const auto C = static_cast<std::size_t>(network_.inputs);
  const auto unpack_row = [&](int place, int t) {
    float* to = dx.data() + loaded_row(place, t) * C;
    if (t < length(place)) {
      std::copy_n(packed + static_cast<std::size_t>(row(t) + place) * static_cast<std::size_t>(stride), C,
                  to);
    } else {
      std::fill_n(to, C, 0.0f);
    }
  };
  const auto share = [&](int thread) { for_each_loaded_row({thread, team.threads()}, unpack_row); };
  team.run(share);
}

std::size_t PackedBatch::bytes() const {
  return (row_starts_.size() + order_.size()) * sizeof(int) + label_starts_.size() * sizeof(std::size_t);
}

}  // namespace lstm::engines
