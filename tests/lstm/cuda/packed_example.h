// Batches in packed rows with what kernels need to know of them, as training/device_batch.h puts it on the
// device.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "cuda/kernels/packed_rows.h"
#include "engines/training/packed_batch.h"
#include "lstm/batch.h"

namespace lstm::testing {

struct PackedExample {
  // labels: CTC's, a sequence for each sample; cross-entropy: {{class}, ...}.
  PackedExample(const Network& network_, const std::vector<int>& lengths_of_samples,
                const std::vector<int>& loss_lengths_of_samples,
                const std::vector<std::vector<std::int32_t>>& sequences)
      : network(network_),
        shape(shape_of(lengths_of_samples, sequences)),
        x(static_cast<std::size_t>(shape.samples) * static_cast<std::size_t>(shape.time_steps) *
          static_cast<std::size_t>(network.inputs)),
        sample_lengths(lengths_of_samples.begin(), lengths_of_samples.end()),
        sample_loss_lengths(loss_lengths_of_samples.begin(), loss_lengths_of_samples.end()),
        packed(network, shape) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
    for (const auto& sequence : sequences) {
      sample_label_lengths.push_back(static_cast<std::int32_t>(sequence.size()));
      sample_labels.insert(sample_labels.end(), sequence.begin(), sequence.end());
    }
    if (network.loss == Loss::cross_entropy) sample_loss_lengths.clear(), sample_label_lengths.clear();
    packed.load({shape.samples, shape.time_steps, x, sample_lengths, sample_loss_lengths, sample_labels,
                 sample_label_lengths});
    for (int t = 0; t <= packed.steps(); ++t) row_starts.push_back(packed.row(t));
    for (int place = 0; place < shape.samples; ++place) {
      order.push_back(packed.sample(place));
      lengths.push_back(packed.length(place));
      loss_lengths.push_back(packed.loss_length(place));
      label_starts.push_back(static_cast<int>(labels.size()));
      const auto own = packed.labels(place);
      labels.insert(labels.end(), own.begin(), own.end());
    }
    label_starts.push_back(static_cast<int>(labels.size()));
  }
  PackedExample(PackedExample&&) =
      default;  // the vectors' memory, which the packed batch has views of, moves along

  static PackedExample random(std::uint32_t seed, Loss loss) {
    std::mt19937 random(seed);
    const auto between = [&](int first, int last) {
      return first + static_cast<int>(random() % static_cast<unsigned>(last - first + 1));
    };
    const Network network{
        .inputs = between(1, 5), .units = between(1, 9), .classes = between(2, 70), .loss = loss};
    const int N = between(1, 6), T = between(1, 14), S = between(0, 40);
    std::vector<int> lengths, loss_lengths;
    std::vector<std::vector<std::int32_t>> sequences;
    for (int n = 0; n < N; ++n) {
      lengths.push_back(between(1, T));
      loss_lengths.push_back(between(1, lengths.back()));
      const int count = loss == Loss::ctc ? std::min(between(0, S), loss_lengths.back()) : 1;
      sequences.emplace_back();
      for (int i = 0; i < count; ++i) {
        sequences.back().push_back(between(loss == Loss::ctc ? 1 : 0, network.classes - 1));
      }
    }
    return {network, lengths, loss_lengths, sequences};
  }

  cuda::PackedRows rows() const { return {packed.steps(), row_starts.data()}; }
  int loss_steps() const { return *std::max_element(loss_lengths.begin(), loss_lengths.end()); }

  Network network;
  BatchShape shape;
  std::vector<float> x;  // by sample
  std::vector<std::int32_t> sample_lengths, sample_loss_lengths, sample_labels,
      sample_label_lengths;  // by sample
  engines::PackedBatch packed;
  std::vector<int> row_starts, order, lengths, loss_lengths, labels, label_starts;  // by place

 private:
  static BatchShape shape_of(const std::vector<int>& lengths,
                             const std::vector<std::vector<std::int32_t>>& sequences) {
    std::size_t most = 0;
    for (const auto& sequence : sequences) most = std::max(most, sequence.size());
    return {static_cast<int>(lengths.size()), *std::max_element(lengths.begin(), lengths.end()),
            static_cast<int>(most)};
  }
};

}  // namespace lstm::testing
