// A prepared problem: what "prepare" asks for, with the batch and the parameters of its directory.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocol/npy.h"

namespace protocol {

// Sizes as in the protocol: N samples, T time steps, C inputs, H units, D directions, V classes.
struct Network {
  std::int64_t inputs, units, layers, directions, classes;
  bool is_ctc;
};

struct Adam {
  double learning_rate, beta1, beta2, epsilon;
};

struct Parameter {
  std::string name;
  Shape shape;
  std::vector<float> values;
};

struct Problem {
  std::string implementation, dtype, device;
  int threads;
  Network network;
  Adam adam;
  std::int64_t samples, time_steps;
  std::vector<float> x;                             // (N, T, C)
  std::vector<std::int32_t> lengths, loss_lengths;  // (N)
  std::vector<std::int32_t> labels;                 // (N), CTC: (sum of label_lengths)
  std::vector<std::int32_t> label_lengths;          // (N), CTC only
  std::vector<Parameter> parameters;                // in the protocol's order

  const Parameter& parameter(const std::string& name) const;
};

// Throws Error(bad-request) for what is missing, out of range or of another shape; Error(unsupported) for an
// optimiser other than Adam.
Problem read_problem(const nlohmann::json& request);

}  // namespace protocol
