// What a worker of liblstm's engines does for each request of docs/worker-protocol.md: workers/native and
// workers/cuda.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lstm/engine.h"
#include "protocol/problem.h"

namespace lstm_worker {

// Which engines a worker has.
struct Library {
  std::string_view name;    // "native"
  std::string_view prefix;  // what goes in front of an engine's name to name the implementation: "native/"
  lstm::Device device;
};
inline constexpr Library kNative{"native", "native/", lstm::Device::cpu};
inline constexpr Library kCuda{"cuda", "", lstm::Device::cuda};    // those named "cuda/..."
inline constexpr Library kCudnn{"cudnn", "", lstm::Device::cuda};  // those named "cudnn/..."

nlohmann::json hello(const Library& library, const nlohmann::json& request);
nlohmann::json peak(const Library& library, const nlohmann::json& request);

// The prepared case. Each member function takes a request and returns its result, or throws protocol::Error.
class Session {
 public:
  explicit Session(const Library& library) : library_(library) {}

  nlohmann::json prepare(const nlohmann::json& request);
  nlohmann::json check(const nlohmann::json& request);
  nlohmann::json run(const nlohmann::json& request);
  nlohmann::json memory(const nlohmann::json& request);

 private:
  lstm::Engine& engine();  // throws where nothing is prepared
  lstm::Batch batch() const;
  void copy_parameters();  // the problem's to the engine

  void try_out();  // throws protocol::Error(unsupported)
  void note_device_memory();

  Library library_;
  std::int64_t device_bytes_before_ = 0;  // in use on the GPU before the engine was made
  std::int64_t device_peak_bytes_ = 0;    // more than those, at most
  std::string device_state_;              // behind the last steps, for people
  protocol::Problem problem_;
  std::unique_ptr<lstm::Engine> engine_;
};

}  // namespace lstm_worker
