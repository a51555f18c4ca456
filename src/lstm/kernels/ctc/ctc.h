// Connectionist temporal classification (Graves et al., 2006): loss and gradient of one sample, softmax
// inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/table.h"

namespace lstm::kernels {

struct CtcProblem {
  int time_steps = 0;                    // T >= 1, of this sample
  int classes = 0;                       // V, of which 0 is the blank
  int label_count = 0;                   // S >= 0
  const float* logits = nullptr;         // (T, V)
  std::ptrdiff_t logits_stride = 0;      // elements from one time step to the next
  const std::int32_t* labels = nullptr;  // (S) 1..V-1
  float* d_logits = nullptr;             // (T, V) gradient of the loss; may be logits
  std::ptrdiff_t d_logits_stride = 0;
};

// Returns -log(probability of the labels). Where no path gives them (S + repeats > T, or probabilities that
// are exactly 0: logits 10^6 below their row's largest count as that), the loss is infinite and the gradient
// zero. NaN in gives NaN out. `scratch` is aligned to 64 bytes and holds ctc_scratch_size(T, V, S) floats or
// more.
using CtcFunction = double (*)(const CtcProblem& problem, float* scratch) noexcept;

std::span<const Variant<CtcFunction>> ctc_variants();
std::size_t ctc_scratch_size(int time_steps, int classes, int max_labels);

}  // namespace lstm::kernels
