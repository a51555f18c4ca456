// The numbers of a workload: what every implementation starts from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "workload/workload.h"

namespace lstmbench {

struct ParameterTensor {
  std::string name;  // "layer0.forward.W"
  std::vector<int> shape;
  std::vector<float> values;
};

struct Problem {
  std::vector<float> x;                     // (N, T, C)
  std::vector<std::int32_t> lengths;        // (N) for the LSTM
  std::vector<std::int32_t> loss_lengths;   // (N) for CTC
  std::vector<std::int32_t> labels;         // CE: (N); CTC: (N * labels)
  std::vector<std::int32_t> label_lengths;  // (N), CTC only
  std::vector<ParameterTensor> parameters;
};

// Names and shapes of a workload's parameters, in the protocol's order, without values.
std::vector<ParameterTensor> parameter_shapes(const Workload& workload);

// Data bit for bit as NumPy's RandomState(seed) gives it (docs/workloads.md); parameters uniform in
// (-1/sqrt(H), 1/sqrt(H)) from RandomState(seed + 1), in the protocol's order.
Problem make_problem(const Workload& workload);

// Writes the files of the protocol's `prepare` into an existing, empty directory. Throws std::runtime_error.
void write_problem(const Problem& problem, const Workload& workload, const std::filesystem::path& directory);

// A small workload of the same kind for checks: at most 4 samples and 32 steps, all layers and directions,
// full width, unequal lengths where the original has them, label sequences that fit.
Workload check_slice(const Workload& workload);

}  // namespace lstmbench
