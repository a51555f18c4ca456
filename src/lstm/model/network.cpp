#include "lstm/network.h"

#include <limits>
#include <stdexcept>
#include <string>

namespace lstm {
namespace {

// Sizes up to here make no sum and no product of two of them that an engine holds in an int overflow.
constexpr int kMostUnits = 1 << 18, kMostLayers = 1 << 10, kMostOfOthers = 1 << 20;

void require_within(std::int64_t least, std::int64_t most, std::int64_t got, const char* field,
                    const char* meaning) {
  if (got >= least && got <= most) return;
  throw std::invalid_argument(std::string(field) + " (" + meaning + "): got " + std::to_string(got) +
                              ", expected " + std::to_string(least) + ".." + std::to_string(most));
}

}  // namespace

std::string_view name(DType dtype) {
  switch (dtype) {
    case DType::fp32:
      return "fp32";
    case DType::bf16:
      return "bf16";
    case DType::bf16x3:
      return "bf16x3";
    case DType::fp64:
      return "fp64";
    case DType::tf32:
      return "tf32";
    case DType::fp16:
      return "fp16";
  }
  throw std::invalid_argument("unknown dtype");
}

void validate(const Network& network) {
  require_within(1, kMostOfOthers, network.inputs, "inputs", "channels of x, C");
  require_within(1, kMostUnits, network.units, "units", "LSTM units, H");
  require_within(1, kMostLayers, network.layers, "layers", "LSTM layers, L");
  if (network.directions != 1 && network.directions != 2) {
    throw std::invalid_argument("directions: got " + std::to_string(network.directions) +
                                ", expected 1, or 2 for forward and reverse");
  }
  if (network.loss == Loss::ctc) {
    require_within(2, kMostOfOthers, network.classes, "classes", "V, with the blank of CTC");
  } else {
    const bool may_have_no_head = network.loss == Loss::custom;
    require_within(may_have_no_head ? 0 : 1, kMostOfOthers, network.classes, "classes", "V");
  }
}

std::int64_t most_steps(const BatchShape& shape) {
  return shape.total_steps > 0 ? shape.total_steps
                               : static_cast<std::int64_t>(shape.samples) * shape.time_steps;
}

void validate(const BatchShape& shape) {
  constexpr int kMostInts = std::numeric_limits<int>::max();
  require_within(1, kMostOfOthers, shape.samples, "samples", "N");
  require_within(1, kMostInts - 1, shape.time_steps, "time_steps", "T");
  require_within(0, kMostOfOthers, shape.max_labels, "max_labels", "S, labels of the longest sequence");
  const std::int64_t steps = std::int64_t{shape.samples} * shape.time_steps;
  require_within(1, kMostInts, steps, "samples * time_steps", "N * T");
  require_within(0, kMostInts, shape.total_steps, "total_steps", "the sum of lengths, 0 for N * T");
}

}  // namespace lstm
