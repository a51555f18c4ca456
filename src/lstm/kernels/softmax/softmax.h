// Softmax and cross-entropy of rows of logits, with the gradient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/table.h"

namespace lstm::kernels {

struct SoftmaxProblem {
  int rows = 0;
  int classes = 0;                       // V
  const float* logits = nullptr;         // (rows, V)
  std::ptrdiff_t logits_stride = 0;      // elements from one row to the next
  const std::int32_t* labels = nullptr;  // (rows) 0..V-1
  float scale = 1.0f;                    // of the gradient: 1 / rows where the loss is the mean
  float* losses = nullptr;               // (rows) -log(softmax(logits)[label]), not scaled
  float* d_logits = nullptr;  // (rows, V) scale * (softmax(logits) - one-hot(label)); may be logits
  std::ptrdiff_t d_logits_stride = 0;
};

using SoftmaxFunction = void (*)(const SoftmaxProblem& problem) noexcept;

std::span<const Variant<SoftmaxFunction>> softmax_variants();

}  // namespace lstm::kernels
