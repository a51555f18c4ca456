// The engines of this folder where the library is built without CUDA: they say so.
#include <stdexcept>
#include <string>

#include "cuda/engines.h"

namespace lstm::cuda {

std::string unavailable_reason() {
  return "built without CUDA (cmake --preset cuda builds with it, see docs/cuda.md)";
}

std::vector<std::pair<std::string, std::string>> facts() {
  return {};
}
DeviceState device_state() {
  return {};
}
std::int64_t device_bytes_in_use() {
  return 0;
}
std::optional<double> measure_peak(DType, double) {
  return std::nullopt;
}

std::unique_ptr<Engine> make_engine(std::string_view name, const Network&, const BatchShape&,
                                    const EngineOptions&, const AdamOptions&) {
  throw std::invalid_argument(std::string(name) + ": " + unavailable_reason());
}

}  // namespace lstm::cuda
