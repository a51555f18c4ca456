// The engines of a build with CUDA.
#include "cuda/engines.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "cuda/basic/basic_engine.h"
#include "cuda/cudnn/cudnn_engine.h"
#include "cuda/fused/fused_engine.h"
#include "cuda/persistent/persistent_engine.h"
#include "cuda/runtime/device.h"

namespace lstm::cuda {
namespace {

using Factory = std::unique_ptr<Engine> (*)(const Network&, const BatchShape&, const EngineOptions&,
                                            const AdamOptions&);

struct Row {
  std::string_view name;
  Factory make;
};

// In the order of kinds.cpp.
constexpr std::array<Row, 7> kFactories{{
    {"cuda/basic", make_basic_engine},
    {"cuda/fused", make_fused_engine},
    {"cudnn/standard", make_cudnn_standard},
    {"cudnn/persist-static", make_cudnn_persist_static},
    {"cudnn/persist-dynamic", make_cudnn_persist_dynamic},
    {"cudnn/persist-static-small-h", make_cudnn_persist_static_small_h},
    {"cuda/persistent", make_persistent_engine},
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
