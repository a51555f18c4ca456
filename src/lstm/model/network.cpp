#include "lstm/network.h"

#include <stdexcept>
#include <string>

namespace lstm {
namespace {

void require_at_least(int minimum, int got, const char* field, const char* meaning) {
  if (got >= minimum) return;
  throw std::invalid_argument(std::string(field) + " (" + meaning + "): got " + std::to_string(got) +
                              ", expected at least " + std::to_string(minimum));
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
  require_at_least(1, network.inputs, "inputs", "channels of x, C");
  require_at_least(1, network.units, "units", "LSTM units, H");
  require_at_least(1, network.layers, "layers", "LSTM layers, L");
  if (network.directions != 1 && network.directions != 2) {
    throw std::invalid_argument("directions: got " + std::to_string(network.directions) +
                                ", expected 1, or 2 for forward and reverse");
  }
  if (network.loss == Loss::ctc) {
    require_at_least(2, network.classes, "classes", "V, with the blank of CTC");
  } else {
    require_at_least(1, network.classes, "classes", "V");
  }
}

std::int64_t most_steps(const BatchShape& shape) {
  return shape.total_steps > 0 ? shape.total_steps
                               : static_cast<std::int64_t>(shape.samples) * shape.time_steps;
}

void validate(const BatchShape& shape) {
  require_at_least(1, shape.samples, "samples", "N");
  require_at_least(1, shape.time_steps, "time_steps", "T");
  require_at_least(0, shape.max_labels, "max_labels", "S, labels of the longest sequence");
  require_at_least(0, shape.total_steps, "total_steps", "the sum of lengths, 0 for N * T");
}

}  // namespace lstm
