// One step of Adam (lstm/engine.h) over a range of parameters, as torch.optim.Adam and AdamW compute it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/table.h"
#include "lstm/engine.h"

namespace lstm::kernels {

// What is the same for all parameters in a step, computed in double.
struct AdamFactors {
  float weight1;     // 1 - beta1
  float beta2;       //
  float weight2;     // 1 - beta2
  float root_scale;  // 1 / sqrt(1 - beta2^step)
  float epsilon;     //
  float step_size;   // learning rate / (1 - beta1^step)
  float decay;       // 1 - learning rate * weight decay; where it is 1 the product changes no bit
};

// `step` counts from 1.
AdamFactors adam_factors(const AdamOptions& options, std::int64_t step);

struct AdamProblem {
  std::size_t count = 0;             // of each of the following
  const float* gradients = nullptr;  // g
  float* parameters = nullptr;       // p = decay * p - step_size * m / (sqrt(v) * root_scale + epsilon)
  float* first_moments = nullptr;    // m += weight1 * (g - m)
  float* second_moments = nullptr;   // v = beta2 * v + weight2 * g * g
};

using AdamFunction = void (*)(const AdamProblem& problem, const AdamFactors& factors) noexcept;

std::span<const Variant<AdamFunction>> adam_variants();

}  // namespace lstm::kernels
