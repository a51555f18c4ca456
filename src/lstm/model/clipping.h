// The rule of Engine::clip_gradients().
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>

namespace lstm::model {

inline void require_norm(double max_norm) {
  if (max_norm > 0) return;
  throw std::invalid_argument("max_norm: got " + std::to_string(max_norm) + ", expected more than 0");
}

// Whether gradients of this norm are scaled.
inline bool exceeds(double norm, double max_norm) {
  return std::isfinite(norm) && norm > max_norm;
}

}  // namespace lstm::model
