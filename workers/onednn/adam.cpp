#include "adam.h"

#include <cmath>

namespace onednn {

void AdamState::update(const protocol::Adam& settings, std::span<float> values,
                       std::span<const float> gradient) {
  ++steps_;
  const auto beta1 = static_cast<float>(settings.beta1), beta2 = static_cast<float>(settings.beta2);
  const auto epsilon = static_cast<float>(settings.epsilon);
  const auto step = static_cast<float>(settings.learning_rate / (1 - std::pow(settings.beta1, steps_)));
  const auto correction = static_cast<float>(1 / std::sqrt(1 - std::pow(settings.beta2, steps_)));
  float *mean = mean_.data(), *square = square_.data(), *value = values.data();
  const float* slope = gradient.data();
  for (std::size_t i = 0; i < values.size(); ++i) {
    mean[i] += (1 - beta1) * (slope[i] - mean[i]);
    square[i] += (1 - beta2) * (slope[i] * slope[i] - square[i]);
    value[i] -= step * mean[i] / (std::sqrt(square[i]) * correction + epsilon);
  }
}

}  // namespace onednn
