// The engines of a build with CUDA.
#include "cuda/engines.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "cuda/fused/fused_engine.h"
#include "cuda/runtime/device.h"

namespace lstm::cuda {
namespace {

using Factory = std::unique_ptr<Engine> (*)(const Network&, const BatchShape&, const EngineOptions&,
                                            const AdamOptions&);

struct Row {
  std::string_view name;
  Factory make;
};

constexpr std::array<Row, 1> kFactories{{
    {"cuda/fused", make_fused_engine},
}};

}  // namespace

std::string unavailable_reason() {
  return device_problem();
}

std::unique_ptr<Engine> make_engine(std::string_view name, const Network& network, const BatchShape& shape,
                                    const EngineOptions& options, const AdamOptions& adam) {
  if (const std::string problem = device_problem(); !problem.empty()) {
    throw std::invalid_argument(std::string(name) + ": " + problem);
  }
  const auto row =
      std::find_if(kFactories.begin(), kFactories.end(), [&](const Row& each) { return each.name == name; });
  if (row == kFactories.end())
    throw std::invalid_argument(std::string(name) + ": not an engine of this build");
  return row->make(network, shape, options, adam);
}

}  // namespace lstm::cuda
