// One batch of training data, as views: nothing is copied or owned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lstm/network.h"

namespace lstm {

// Where arrays with a row for each step of each sample have that row. Such are x and its gradients and, where
// the loss reads every step, logits and theirs.
enum class RowOrder {
  by_sample,  // (N, T, ...); nn.LSTM: batch_first
  by_step,    // (T, N, ...)
  // (sum of lengths, ...): step after step those samples that still run, as the data of a PackedSequence of
  // PyTorch. Lengths descend from sample to sample.
  packed,
};

// N, T, C are what is in the batch; an engine accepts any batch within the BatchShape it was built for.
struct Batch {
  int samples = 0;                             // N
  int time_steps = 0;                          // T
  std::span<const float> x = {};               // (N, T, C), row-major, or as `order` says
  std::span<const std::int32_t> lengths = {};  // (N) steps of each sample that the LSTM runs over, 1..T
  // (N) steps that CTC reads, 1..lengths[n]; unused by other losses.
  std::span<const std::int32_t> loss_lengths = {};
  // Cross-entropy: (N) class; CTC: all label sequences, concatenated; custom: empty.
  std::span<const std::int32_t> labels = {};
  // (N) CTC: labels of each sample, 0..S; empty for other losses.
  std::span<const std::int32_t> label_lengths = {};
  // What each sample starts from, (L * D, N, H) each, as h_0 and c_0 of nn.LSTM: of layer 0 forward, layer 0
  // reverse (which starts at the sample's last step), layer 1 forward, ... Both, or neither: zeros. On a CPU
  // only.
  std::span<const float> initial_h = {}, initial_c = {};
  RowOrder order = RowOrder::by_sample;
};

// Throws std::invalid_argument naming the sample and what is wrong with it: sizes that do not agree, a length
// out of range or longer than the one before in packed order, a class out of range, a blank used as a label.
// A CTC label sequence that does not fit into its time steps (|labels| + repeats > loss_length) is no error:
// its loss is infinite and its gradient zero, see docs/ctc.md.
void validate(const Batch& batch, const Network& network, const BatchShape& shape);

// L * D * N * H: h, or c, of all layers, directions and samples of a batch.
std::size_t states_size(const Network& network, const Batch& batch);

// Rows of x: N * T, or the sum of lengths in packed order.
std::size_t row_count(const Batch& batch);

// What Engine::read_logits() writes for a batch, in floats: N * V for cross-entropy, else row_count() * V;
// without a head row_count() * D * H.
std::size_t logits_size(const Network& network, const Batch& batch);

}  // namespace lstm
