// What the numbers of Adam may be: as torch.optim.Adam, and finite.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>

#include "lstm/engine.h"

namespace lstm::model {

inline double at_least_0(double value, const char* field) {
  if (value >= 0 && std::isfinite(value)) return value;
  throw std::invalid_argument(std::string(field) + ": got " + std::to_string(value) +
                              ", expected a finite number of at least 0");
}

inline double checked_learning_rate(double rate) {
  return at_least_0(rate, "learning_rate");
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
  at_least_0(adam.epsilon, "epsilon");
  at_least_0(adam.weight_decay, "weight_decay");
}

}  // namespace lstm::model
