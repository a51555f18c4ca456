#include "lstm/parameters.h"

#include <cmath>
#include <random>
#include <stdexcept>

namespace lstm {
namespace {

constexpr std::size_t kTensorsPerDirection = 4;  // W, R, b_W, b_R

std::size_t first_tensor(int directions, int layer, int direction) {
  return kTensorsPerDirection * static_cast<std::size_t>(layer * directions + direction);
}

}  // namespace

ParameterLayout::ParameterLayout(const Network& network) : directions_(network.directions) {
  validate(network);
  const auto add = [this](std::string name, int rows, int columns) {
    tensors_.push_back({std::move(name), size_, rows, columns});
    size_ += tensors_.back().size();
  };
  const int gates = 4 * network.units;
  for (int layer = 0; layer < network.layers; ++layer) {
    for (int direction = 0; direction < network.directions; ++direction) {
      const std::string prefix =
          "layer" + std::to_string(layer) + (direction == 0 ? ".forward." : ".reverse.");
      add(prefix + "W", gates, network.layer_inputs(layer));
      add(prefix + "R", gates, network.units);
      add(prefix + "b_W", gates, 1);
      add(prefix + "b_R", gates, 1);
    }
  }
  add("head", network.classes, network.directions * network.units);
}

const ParameterTensor& ParameterLayout::W(int layer, int direction) const {
  return tensors_[first_tensor(directions_, layer, direction)];
}
const ParameterTensor& ParameterLayout::R(int layer, int direction) const {
  return tensors_[first_tensor(directions_, layer, direction) + 1];
}
const ParameterTensor& ParameterLayout::b_W(int layer, int direction) const {
  return tensors_[first_tensor(directions_, layer, direction) + 2];
}
const ParameterTensor& ParameterLayout::b_R(int layer, int direction) const {
  return tensors_[first_tensor(directions_, layer, direction) + 3];
}

void initialise(const Network& network, std::uint64_t seed, std::span<float> parameters) {
  const std::size_t expected = ParameterLayout(network).size();
  if (parameters.size() != expected) {
    throw std::invalid_argument("parameters: got " + std::to_string(parameters.size()) +
                                " values, expected " + std::to_string(expected) +
                                " (ParameterLayout::size())");
  }
  std::mt19937_64 random(seed);
  const double bound = 1.0 / std::sqrt(static_cast<double>(network.units));
  // From the generator's bits and not from a std:: distribution: the same numbers with every standard
  // library.
  for (float& parameter : parameters) {
    const double unit = (static_cast<double>(random() >> 40) + 0.5) * 0x1p-24;  // in (0, 1)
    parameter = static_cast<float>((2.0 * unit - 1.0) * bound);
  }
}

}  // namespace lstm
