// The device that CUDA works on is the calling thread's own: who is called by any thread makes his current
// first.
#pragma once

namespace lstm::cuda {

// That of the calling thread: CUDA's first one, until the thread says otherwise. Throws std::runtime_error.
int current_device();

// Makes a device current until it ends. Where CUDA refuses, the calls that follow fail and say why.
class DeviceScope {
 public:
  explicit DeviceScope(int device) noexcept;
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int device_, before_;
};

}  // namespace lstm::cuda
