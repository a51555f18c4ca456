// The rule of Engine::clip_gradients().
#pragma once

#include <cmath>

namespace lstm::model {

// Whether gradients of this norm are scaled.
inline bool exceeds(double norm, double max_norm) {
  return std::isfinite(norm) && norm > max_norm;
}

}  // namespace lstm::model
