#include "adam.h"

#include <cmath>

namespace onednn {

void AdamState::update(const protocol::Adam& settings, std::span<float> values,
                       std::span<const float> gradient) {
  ++steps_;
  // Weights of the new gradient in double: 1 - 0.999f is off by 1e-5 of itself, and every step with it.
  const auto weight1 = static_cast<float>(1 - settings.beta1), beta2 = static_cast<float>(settings.beta2);
  const auto weight2 = static_cast<float>(1 - settings.beta2);
  const auto epsilon = static_cast<float>(settings.epsilon);
  const auto step = static_cast<float>(settings.learning_rate / (1 - std::pow(settings.beta1, steps_)));
  const auto correction = static_cast<float>(1 / std::sqrt(1 - std::pow(settings.beta2, steps_)));
  float *mean = mean_.data(), *square = square_.data(), *value = values.data();
  const float* slope = gradient.data();
#pragma omp parallel for simd schedule(static)
  for (std::size_t i = 0; i < values.size(); ++i) {
    mean[i] += weight1 * (slope[i] - mean[i]);
    square[i] = beta2 * square[i] + weight2 * slope[i] * slope[i];
    value[i] -= step * mean[i] / (std::sqrt(square[i]) * correction + epsilon);
  }
}

}  // namespace onednn
