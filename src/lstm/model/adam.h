// Adam in plain loops: what every optimised version is compared with.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lstm/engine.h"

namespace lstm::model {

// Kingma and Ba, "Adam" (2015), algorithm 1, with the bias corrections as torch.optim.Adam applies them:
//   m = beta1 m + (1 - beta1) g             v = beta2 v + (1 - beta2) g^2
//   p -= learning_rate / (1 - beta1^step) * m / (sqrt(v) / sqrt(1 - beta2^step) + epsilon)
// and, before that, AdamW's decay (Loshchilov and Hutter, 2019, algorithm 2), as torch.optim.AdamW applies
// it:
//   p *= 1 - learning_rate * weight_decay
// `step` counts from 1. All spans have the same size. Real is float or double.
template <class Real>
void adam_step(const AdamOptions& options, std::int64_t step, std::span<Real> parameters,
               std::span<const Real> gradients, std::span<Real> m, std::span<Real> v) {
  const double beta1 = options.beta1, beta2 = options.beta2;
  const double count = static_cast<double>(step);
  const Real rate = static_cast<Real>(options.learning_rate / (1.0 - std::pow(beta1, count)));
  const Real root = static_cast<Real>(std::sqrt(1.0 - std::pow(beta2, count)));
  const Real b1 = static_cast<Real>(beta1), b2 = static_cast<Real>(beta2);
  const Real decay = static_cast<Real>(1.0 - options.learning_rate * options.weight_decay);
  const Real epsilon = static_cast<Real>(options.epsilon);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Real g = gradients[i];
    m[i] = b1 * m[i] + (1 - b1) * g;
    v[i] = b2 * v[i] + (1 - b2) * g * g;
    parameters[i] = decay * parameters[i] - rate * m[i] / (std::sqrt(v[i]) / root + epsilon);
  }
}

}  // namespace lstm::model
