// What the numbers of Adam may be: as torch.optim.Adam, and finite.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>

#include "lstm/engine.h"

namespace lstm::model {

inline double checked_learning_rate(double rate) {
  if (rate >= 0 && std::isfinite(rate)) return rate;
  throw std::invalid_argument("learning_rate: got " + std::to_string(rate) +
                              ", expected a finite number of at least 0");
}

inline void validate(const AdamOptions& adam) {
  checked_learning_rate(adam.learning_rate);
  const auto require_beta = [](double beta, const char* field) {
    if (beta >= 0 && beta < 1) return;
    throw std::invalid_argument(std::string(field) + ": got " + std::to_string(beta) +
                                ", expected at least 0 and less than 1");
  };
  require_beta(adam.beta1, "beta1");
  require_beta(adam.beta2, "beta2");
  if (adam.epsilon >= 0 && std::isfinite(adam.epsilon)) return;
  throw std::invalid_argument("epsilon: got " + std::to_string(adam.epsilon) +
                              ", expected a finite number of at least 0");
}

}  // namespace lstm::model
