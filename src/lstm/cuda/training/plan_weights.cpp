#include "cuda/training/plan_weights.h"

#include <cmath>

namespace lstm::cuda {
namespace {

constexpr int kAlignment = 8;        // elements of 16 bits in 16 bytes
constexpr std::size_t kStart = 128;  // matrices start at multiples of so many elements

int round_up(int value) {
  return (value + kAlignment - 1) / kAlignment * kAlignment;
}

PlannedMatrix place(const ParameterTensor& tensor, int stride, bool is_copied, WeightPlan& plan) {
  if (!is_copied) return {false, tensor.offset, tensor.columns};
  const PlannedMatrix matrix{true, plan.copied_size, stride};
  plan.copies.push_back({.from = static_cast<std::int64_t>(tensor.offset),
                         .to = static_cast<std::int64_t>(matrix.offset),
                         .rows = tensor.rows,
                         .columns = tensor.columns,
                         .from_stride = tensor.columns,
                         .to_stride = stride});
  const std::size_t size = static_cast<std::size_t>(tensor.rows) * static_cast<std::size_t>(stride);
  plan.copied_size += (size + kStart - 1) / kStart * kStart;
  return matrix;
}

}  // namespace

int padded_inputs(const Network& network, int layer) {
  return layer == 0 ? round_up(network.inputs) : network.layer_inputs(layer);
}

WeightPlan plan_weights(const Network& network, const ParameterLayout& layout, bool is_16_bit,
                        Operands operands) {
  WeightPlan plan;
  for (int layer = 0; layer < network.layers && operands != Operands::head; ++layer) {
    const int stride = padded_inputs(network, layer);
    for (int direction = 0; direction < network.directions; ++direction) {
      const ParameterTensor& W = layout.W(layer, direction);
      plan.W.push_back(place(W, stride, is_16_bit || stride != W.columns, plan));
      if (operands == Operands::all_but_R) continue;
      const ParameterTensor& R = layout.R(layer, direction);
      plan.R.push_back(place(R, R.columns, is_16_bit, plan));
    }
  }
  plan.head = place(layout.head(), layout.head().columns, is_16_bit, plan);
  return plan;
}

// Cross-entropy is a mean: a sample's gradient is 1/N of what CTC's sum would have, and reaches all steps
// before the last only by the recurrence. CTC's reaches every step, and weight gradients sum over all of
// them. A custom loss is taken for one like CTC.
float loss_scale(DType dtype, Loss loss, int samples) {
  if (dtype != DType::fp16) return 1.0f;
  if (loss != Loss::cross_entropy) return 16.0f;
  return std::exp2(std::floor(std::log2(64.0f * static_cast<float>(samples))));
}

}  // namespace lstm::cuda
