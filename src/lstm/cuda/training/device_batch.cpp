#include "cuda/training/device_batch.h"

#include <algorithm>
#include <utility>

#include "cuda/runtime/check.h"

namespace lstm::cuda {
namespace {

std::size_t most_ints(const BatchShape& shape) {
  const auto N = static_cast<std::size_t>(shape.samples), T = static_cast<std::size_t>(shape.time_steps);
  return (T + 1) + 5 * N + 1 + N * static_cast<std::size_t>(std::max(shape.max_labels, 1));
}

LoadedRows loaded_rows_of(const Batch& batch) {
  switch (batch.order) {
    case RowOrder::by_sample:
      return {.sample_distance = batch.time_steps, .step_distance = 1};
    case RowOrder::by_step:
      return {.sample_distance = 1, .step_distance = batch.samples};
    case RowOrder::packed:
      break;
  }
  return {.sample_distance = 1, .step_distance = LoadedRows::kPacked};
}

}  // namespace

DeviceBatch::DeviceBatch(const Network& network, const BatchShape& shape)
    : packed_(network, shape),
      row_starts_(0),
      order_(row_starts_ + static_cast<std::size_t>(shape.time_steps) + 1),
      lengths_(order_ + static_cast<std::size_t>(shape.samples)),
      loss_lengths_(lengths_ + static_cast<std::size_t>(shape.samples)),
      label_lengths_(loss_lengths_ + static_cast<std::size_t>(shape.samples)),
      label_starts_(label_lengths_ + static_cast<std::size_t>(shape.samples)),
      labels_(label_starts_ + static_cast<std::size_t>(shape.samples) + 1),
      staged_(most_ints(shape) * sizeof(int)) {
  const auto plan = [&] {
    x_ = arena_.take<float>(static_cast<std::size_t>(shape.samples) *
                            static_cast<std::size_t>(shape.time_steps) *
                            static_cast<std::size_t>(network.inputs));
    ints_ = arena_.take<int>(most_ints(shape));
  };
  plan();
  arena_.allocate();
  plan();
}

void DeviceBatch::load(const Batch& batch, const Stream& stream) {
  packed_.load(batch);
  loaded_rows_ = loaded_rows_of(batch);
  is_staged_read_.synchronise();
  write_ints();
  const std::span<const int> ints = staged_.as<int>();
  find_pattern();
  check(cudaMemcpyAsync(ints_, ints.data(), used_ * sizeof(int), cudaMemcpyHostToDevice, stream.get()),
        "copying lengths and labels to the device");
  stream.record(is_staged_read_);
  check(cudaMemcpyAsync(x_, batch.x.data(), batch.x.size_bytes(), cudaMemcpyHostToDevice, stream.get()),
        "copying x to the device");
}

void DeviceBatch::find_pattern() {
  const auto row_starts =
      staged_.as<int>().subspan(row_starts_, static_cast<std::size_t>(packed_.steps()) + 1);
  std::vector<int> key(row_starts.begin(), row_starts.end());
  key.insert(key.end(), {loss_steps_, static_cast<int>(loaded_rows_.sample_distance),
                         static_cast<int>(loaded_rows_.step_distance)});
  const auto known = std::ranges::find(patterns_, key, &Pattern::key);
  if (known != patterns_.end()) return patterns_.splice(patterns_.begin(), patterns_, known);
  if (patterns_.size() == kRecentPatterns) patterns_.pop_back();
  patterns_.push_front({++pattern_count_, std::move(key)});
}

void DeviceBatch::write_ints() {
  int* const ints = staged_.as<int>().data();
  for (int t = 0; t <= packed_.steps(); ++t) ints[row_starts_ + static_cast<std::size_t>(t)] = packed_.row(t);
  loss_steps_ = 0;
  int label = 0;
  for (int place = 0; place < packed_.samples(); ++place) {
    const auto k = static_cast<std::size_t>(place);
    ints[order_ + k] = packed_.sample(place);
    ints[lengths_ + k] = packed_.length(place);
    ints[loss_lengths_ + k] = packed_.loss_length(place);
    loss_steps_ = std::max(loss_steps_, packed_.loss_length(place));
    ints[label_starts_ + k] = label;
    ints[label_lengths_ + k] = static_cast<int>(packed_.labels(place).size());
    for (const std::int32_t value : packed_.labels(place))
      ints[labels_ + static_cast<std::size_t>(label++)] = value;
  }
  ints[label_starts_ + static_cast<std::size_t>(packed_.samples())] = label;
  used_ = labels_ + static_cast<std::size_t>(label);
}

}  // namespace lstm::cuda
