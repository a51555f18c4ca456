#include "workload/problem.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "workload/lengths.h"
#include "workload/npy.h"
#include "workload/numpy_random.h"

namespace lstmbench {
namespace {

std::vector<ParameterTensor> make_parameters(const Workload& workload) {
  std::vector<ParameterTensor> tensors = parameter_shapes(workload);
  NumpyRandom random(workload.seed + 1);
  const double bound = 1.0 / std::sqrt(static_cast<double>(workload.units));
  for (ParameterTensor& tensor : tensors) {
    std::size_t size = 1;
    for (const int extent : tensor.shape) size *= static_cast<std::size_t>(extent);
    tensor.values.resize(size);
    for (float& value : tensor.values) value = static_cast<float>(random.uniform(-bound, bound));
  }
  return tensors;
}

// The exclusive upper bound is classes - 1 as in the original, so that the last class never occurs.
void draw_labels(const Workload& workload, NumpyRandom& random, Problem& problem) {
  const bool is_ctc = workload.loss == Loss::ctc;
  const int lowest = is_ctc ? 1 : 0;  // 0 is CTC's blank
  const int highest = std::max(lowest + 1, workload.classes - 1);
  const auto samples = static_cast<std::size_t>(workload.samples);
  const std::size_t labels = is_ctc ? static_cast<std::size_t>(workload.labels) : 1;
  problem.labels.resize(samples * labels);
  for (std::int32_t& label : problem.labels)
    label = static_cast<std::int32_t>(random.randint(lowest, highest));
  if (is_ctc) problem.label_lengths.assign(samples, workload.labels);
}

}  // namespace

std::vector<ParameterTensor> parameter_shapes(const Workload& workload) {
  std::vector<ParameterTensor> tensors;
  const int gates = 4 * workload.units;
  for (int layer = 0; layer < workload.layers; ++layer) {
    const int inputs = layer == 0 ? workload.channels : workload.directions * workload.units;
    for (int direction = 0; direction < workload.directions; ++direction) {
      const std::string prefix =
          "layer" + std::to_string(layer) + (direction == 0 ? ".forward." : ".reverse.");
      tensors.push_back({prefix + "W", {gates, inputs}, {}});
      tensors.push_back({prefix + "R", {gates, workload.units}, {}});
      tensors.push_back({prefix + "b_W", {gates}, {}});
      tensors.push_back({prefix + "b_R", {gates}, {}});
    }
  }
  tensors.push_back({"head", {workload.classes, workload.directions * workload.units}, {}});
  return tensors;
}

Problem make_problem(const Workload& workload) {
  validate(workload);
  Problem problem;
  NumpyRandom random(workload.seed);
  problem.x.resize(static_cast<std::size_t>(workload.samples) *
                   static_cast<std::size_t>(workload.time_steps) *
                   static_cast<std::size_t>(workload.channels));
  for (float& value : problem.x) value = static_cast<float>(random.uniform(-1, 1));
  problem.lengths = lstm_lengths(workload);
  problem.loss_lengths = loss_lengths(workload);
  draw_labels(workload, random, problem);
  problem.parameters = make_parameters(workload);
  return problem;
}

void write_problem(const Problem& problem, const Workload& workload, const std::filesystem::path& directory) {
  const auto samples = static_cast<std::size_t>(workload.samples);
  const std::size_t x_shape[] = {samples, static_cast<std::size_t>(workload.time_steps),
                                 static_cast<std::size_t>(workload.channels)};
  write_npy(directory / "x.npy", problem.x, x_shape);
  const auto write_vector = [&](const char* name, const std::vector<std::int32_t>& values) {
    const std::size_t shape[] = {values.size()};
    write_npy(directory / name, values, shape);
  };
  write_vector("lengths.npy", problem.lengths);
  write_vector("loss_lengths.npy", problem.loss_lengths);
  write_vector("labels.npy", problem.labels);
  if (workload.loss == Loss::ctc) write_vector("label_lengths.npy", problem.label_lengths);
  std::error_code error;
  std::filesystem::create_directory(directory / "parameters", error);
  if (error)
    throw std::runtime_error("cannot create " + (directory / "parameters").string() + ": " + error.message());
  for (const ParameterTensor& tensor : problem.parameters) {
    const std::vector<std::size_t> shape(tensor.shape.begin(), tensor.shape.end());
    write_npy(directory / "parameters" / (tensor.name + ".npy"), tensor.values, shape);
  }
}

}  // namespace lstmbench
