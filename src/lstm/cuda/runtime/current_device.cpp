#include "cuda/runtime/current_device.h"

#include <cuda_runtime_api.h>

#include "cuda/runtime/check.h"

namespace lstm::cuda {

int current_device() {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}

DeviceScope::DeviceScope(int device) noexcept : device_(device), before_(device) {
  if (cudaGetDevice(&before_) != cudaSuccess) before_ = device_;
  if (before_ != device_) cudaSetDevice(device_);
}

DeviceScope::~DeviceScope() {
  if (before_ != device_) cudaSetDevice(before_);
}

}  // namespace lstm::cuda
