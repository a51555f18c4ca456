// Checks of Adam's state where a caller hands it in.
#pragma once

#include <stdexcept>
#include <string>

#include "lstm/engine.h"

namespace lstm::model {

// Throws std::invalid_argument unless it is one of `parameters` parameters.
inline void require_state(const AdamState& state, std::size_t parameters) {
  if (state.updates < 0) {
    throw std::invalid_argument("updates: got " + std::to_string(state.updates) + ", expected at least 0");
  }
  for (const auto* moments : {&state.first_moments, &state.second_moments}) {
    if (moments->size() == parameters) continue;
    throw std::invalid_argument("moments: got " + std::to_string(moments->size()) + ", expected " +
                                std::to_string(parameters) + " (one a parameter)");
  }
}

}  // namespace lstm::model
