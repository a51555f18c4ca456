// Engines for NVIDIA GPUs: whether they can run here, and the state of the device that they run on. Known in
// every build; without CUDA there is only the reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lstm/network.h"

namespace lstm::cuda {

// Why no engine for Device::cuda can run: "built without CUDA ...", "no CUDA device: ..."; empty where they
// can.
std::string unavailable_reason();

// Names and values for people: GPU, compute capability, memory, driver, versions of CUDA, cuBLAS and cuDNN.
// What can be told without a device, where there is none.
std::vector<std::pair<std::string, std::string>> facts();

// What the device does now, as NVML tells it; nothing that it does not tell.
struct DeviceState {
  std::optional<int> sm_clock_mhz, memory_clock_mhz, temperature_celsius;
  std::optional<double> power_watts;
  std::vector<std::string> throttle_reasons;  // "power cap", "thermal slowdown", ...
};
// Empty where the driver's libnvidia-ml.so.1 cannot be loaded.
DeviceState device_state();

// Bytes in use on the device, by this process and all others (cudaMemGetInfo); 0 without a device.
std::int64_t device_bytes_in_use();

// The most that a product of two large matrices (cuBLAS) reaches in this number format, in floating-point
// operations a second, sustained for about so long; nothing without a device, and for dtypes that have no
// such product.
std::optional<double> measure_peak(DType dtype, double seconds = 0.5);

}  // namespace lstm::cuda
