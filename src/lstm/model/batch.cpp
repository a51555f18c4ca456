#include "lstm/batch.h"

#include <stdexcept>
#include <string>
#include <tuple>

namespace lstm {
namespace {

using std::to_string;

[[noreturn]] void reject(const std::string& what) {
  throw std::invalid_argument(what);
}

void require_size(std::size_t got, std::size_t expected, const char* field, const char* meaning) {
  if (got == expected) return;
  reject(std::string(field) + ": got " + to_string(got) + " values, expected " + to_string(expected) + " (" +
         meaning + ")");
}

void require_range(int got, int first, int last, const char* field, std::size_t index, const char* hint) {
  if (got >= first && got <= last) return;
  reject(std::string(field) + "[" + to_string(index) + "]: got " + to_string(got) + ", expected " +
         to_string(first) + ".." + to_string(last) + " (" + hint + ")");
}

void require_within(int got, int largest, const char* field) {
  if (got >= 1 && got <= largest) return;
  reject(std::string(field) + ": got " + to_string(got) + ", expected 1.." + to_string(largest) +
         " (what the engine was built for)");
}

void validate_ctc(const Batch& batch, const Network& network, const BatchShape& shape) {
  const auto samples = static_cast<std::size_t>(batch.samples);
  require_size(batch.loss_lengths.size(), samples, "loss_lengths", "one a sample");
  require_size(batch.label_lengths.size(), samples, "label_lengths", "one a sample");
  std::size_t labels = 0;
  for (std::size_t n = 0; n < samples; ++n) {
    require_range(batch.loss_lengths[n], 1, batch.lengths[n], "loss_lengths", n, "at most lengths[n]");
    require_range(batch.label_lengths[n], 0, shape.max_labels, "label_lengths", n, "at most max_labels");
    labels += static_cast<std::size_t>(batch.label_lengths[n]);
  }
  require_size(batch.labels.size(), labels, "labels", "the sum of label_lengths");
  for (std::size_t i = 0; i < labels; ++i) {
    require_range(batch.labels[i], 1, network.classes - 1, "labels", i, "a class; 0 is the blank of CTC");
  }
}

void validate_cross_entropy(const Batch& batch, const Network& network) {
  require_size(batch.labels.size(), static_cast<std::size_t>(batch.samples), "labels", "one a sample");
  for (std::size_t n = 0; n < batch.labels.size(); ++n) {
    require_range(batch.labels[n], 0, network.classes - 1, "labels", n, "a class");
  }
}

}  // namespace

void validate(const Batch& batch, const Network& network, const BatchShape& shape) {
  require_within(batch.samples, shape.samples, "samples");
  require_within(batch.time_steps, shape.time_steps, "time_steps");
  const auto samples = static_cast<std::size_t>(batch.samples);
  const bool is_packed = batch.order == RowOrder::packed;
  require_size(batch.lengths.size(), samples, "lengths", "one a sample");
  std::int64_t steps = 0;
  for (std::size_t n = 0; n < samples; ++n) {
    require_range(batch.lengths[n], 1, batch.time_steps, "lengths", n, "at most time_steps");
    if (is_packed && n > 0) {
      require_range(batch.lengths[n], 1, batch.lengths[n - 1], "lengths", n,
                    "no longer than the one before, in packed order");
    }
    steps += batch.lengths[n];
  }
  if (steps > most_steps(shape)) {
    reject("lengths: got " + to_string(steps) + " time steps in all, expected at most " +
           to_string(most_steps(shape)) + " (total_steps that the engine was built for)");
  }
  require_size(batch.x.size(), row_count(batch) * static_cast<std::size_t>(network.inputs), "x",
               is_packed ? "sum of lengths * inputs" : "samples * time_steps * inputs");
  for (const auto& [field, other, states] : {std::tuple{"initial_h", &batch.initial_c, &batch.initial_h},
                                             std::tuple{"initial_c", &batch.initial_h, &batch.initial_c}}) {
    if (states->empty() && other->empty()) continue;
    require_size(states->size(), states_size(network, batch), field, "layers * directions * samples * units");
  }
  switch (network.loss) {
    case Loss::cross_entropy:
      return validate_cross_entropy(batch, network);
    case Loss::ctc:
      return validate_ctc(batch, network, shape);
    case Loss::custom:
      return require_size(batch.labels.size(), 0, "labels", "a custom loss keeps its own");
  }
}

}  // namespace lstm
