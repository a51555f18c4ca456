// Every engine of this build, and how options come from the environment.
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "cuda/engines.h"
#include "engines/basic/basic_engine.h"
#include "engines/fused/fused_engine.h"
#include "engines/sequence/sequence_engine.h"
#include "lstm/engine.h"
#include "model/adam_options.h"
#include "reference/reference_engine.h"

namespace lstm {
namespace {

using Factory = std::unique_ptr<Engine> (*)(const Network&, const BatchShape&, const EngineOptions&,
                                            const AdamOptions&);

struct Registered {
  EngineKind kind;
  Factory make;
};

// Slowest first.
const std::vector<Registered>& registry() {
  static const std::vector<Registered> engines = {
      {{"reference", "float64, plain loops: what the others are checked against", {DType::fp64}},
       reference::make_reference_engine},
      {{"basic", "separate operations for each time step, differentiated by a tape", {DType::fp32}},
       engines::make_basic_engine},
      {{"fused", "two matrix products and one fused gate kernel for each time step", {DType::fp32}},
       engines::make_fused_engine},
      {{"sequence",
        "products batched over time, recurrences on packed weights with fused activations",
        {DType::fp32, DType::bf16, DType::bf16x3}},
       engines::make_sequence_engine},
  };
  return engines;
}

// The value's place in `values`; -1 where the variable is not set or empty.
template <std::size_t size>
int read_choice(const char* variable, const std::array<const char*, size>& values) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return -1;
  std::string expected;
  for (std::size_t i = 0; i < size; ++i) {
    if (std::string_view(text) == values[i]) return static_cast<int>(i);
    expected += (i == 0 ? "" : ", ") + std::string(values[i]);
  }
  throw std::invalid_argument(std::string(variable) + ": got \"" + text + "\", expected one of " + expected);
}

void require_what_gpus_have(std::string_view name, const Network& network, const EngineOptions& options) {
  const char* wanted = !network.has_head()       ? "classes: 0 (no head)"
                       : options.input_gradients ? "input_gradients"
                                                 : nullptr;
  if (wanted == nullptr) return;
  throw std::invalid_argument(std::string(name) + ": engines on a CPU only have " + wanted);
}

}  // namespace

EngineOptions EngineOptions::from_environment() {
  EngineOptions options;
  const int isa = read_choice<5>("LSTM_ISA", {"portable", "avx2", "avx512", "avx512bf16", "amx"});
  if (isa >= 0) options.isa = static_cast<Isa>(isa);
  const int split = read_choice<4>("LSTM_SPLIT", {"automatic", "directions", "units", "samples"});
  if (split >= 0) options.split = static_cast<Split>(split);
  const int pin = read_choice<5>("LSTM_PIN", {"automatic", "always", "never", "1", "0"});
  if (pin >= 0) options.pin_threads = static_cast<Pinning>(pin < 3 ? pin : pin - 2);
  return options;
}

std::span<const EngineKind> engine_kinds(Device device) {
  if (device == Device::cuda) return cuda::engine_kinds();
  static const std::vector<EngineKind> kinds = [] {
    std::vector<EngineKind> result;
    for (const Registered& engine : registry()) result.push_back(engine.kind);
    return result;
  }();
  return kinds;
}

std::unique_ptr<Engine> make_engine(std::string_view name, const Network& network, const BatchShape& shape,
                                    const EngineOptions& options, const AdamOptions& adam) {
  validate(network);
  validate(shape);
  model::validate(adam);
  if (options.threads < 1) {
    throw std::invalid_argument("threads: got " + std::to_string(options.threads) + ", expected at least 1");
  }
  std::string known;
  for (const Registered& engine : registry()) {
    if (engine.kind.name == name) return engine.make(network, shape, options, adam);
    known += (known.empty() ? "" : ", ") + std::string(engine.kind.name);
  }
  for (const EngineKind& kind : cuda::engine_kinds()) {
    if (kind.name != name) {
      known += ", " + std::string(kind.name);
      continue;
    }
    require_what_gpus_have(name, network, options);
    return cuda::make_engine(name, network, shape, options, adam);
  }
  throw std::invalid_argument("engine: got \"" + std::string(name) + "\", expected one of " + known);
}

}  // namespace lstm
