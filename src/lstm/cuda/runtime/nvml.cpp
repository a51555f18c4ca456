// Clocks, power and throttling by NVML, the driver's own library. It is loaded where it is installed, and
// nothing of it is needed to build: its header is not part of every toolkit.
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <array>
#include <memory>
#include <string>

#include "lstm/cuda.h"

namespace lstm::cuda {
namespace {

using Handle = struct nvmlDevice_st*;
// NVML's stable programming interface; every function returns 0 for success.
using Init = int (*)();
using GetHandle = int (*)(const char*, Handle*);
using GetClock = int (*)(Handle, int, unsigned*);
using GetNumber = int (*)(Handle, unsigned*);
using GetTemperature = int (*)(Handle, int, unsigned*);
using GetReasons = int (*)(Handle, unsigned long long*);
constexpr int kSmClock = 1, kMemoryClock = 2, kGpuTemperature = 0;

struct Reason {
  unsigned long long bit;
  const char* text;
};
// nvmlClocksEventReason*, but those that say that nothing is to be done, and 0x2: clocks set for
// applications, as data centres do, mostly to the greatest.
constexpr std::array<Reason, 6> kReasons{{{0x4, "power cap"},
                                          {0x8, "hardware slowdown"},
                                          {0x10, "synchronised boost"},
                                          {0x20, "thermal slowdown"},
                                          {0x40, "hardware thermal slowdown"},
                                          {0x80, "hardware power brake"}}};

struct Closer {
  void operator()(void* library) const { dlclose(library); }
};

class Nvml {
 public:
  Nvml() : library_(dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {
    const auto init = find<Init>("nvmlInit_v2");
    is_usable_ = init != nullptr && init() == 0;
  }
  bool is_usable() const { return is_usable_; }

  template <class Function>
  Function find(const char* name) const {
    return library_ == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(library_.get(), name));
  }

 private:
  std::unique_ptr<void, Closer> library_;
  bool is_usable_ = false;
};

// Where the current device sits, which CUDA and NVML agree on: NVML numbers all GPUs of a machine, CUDA those
// that CUDA_VISIBLE_DEVICES lists. Empty without a device.
std::string bus_id() {
  std::array<char, 32> text{};
  int device = 0;
  if (cudaGetDevice(&device) != cudaSuccess ||
      cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), device) != cudaSuccess) {
    cudaGetLastError();
    return "";
  }
  return text.data();
}

}  // namespace

DeviceState device_state() {
  static const Nvml nvml;
  DeviceState state;
  const std::string bus = bus_id();
  Handle device = nullptr;
  const auto get_handle = nvml.find<GetHandle>("nvmlDeviceGetHandleByPciBusId_v2");
  if (bus.empty() || !nvml.is_usable() || get_handle == nullptr || get_handle(bus.c_str(), &device) != 0) {
    return state;
  }
  unsigned value = 0;
  if (const auto get = nvml.find<GetClock>("nvmlDeviceGetClockInfo"); get != nullptr) {
    if (get(device, kSmClock, &value) == 0) state.sm_clock_mhz = static_cast<int>(value);
    if (get(device, kMemoryClock, &value) == 0) state.memory_clock_mhz = static_cast<int>(value);
  }
  if (const auto get = nvml.find<GetTemperature>("nvmlDeviceGetTemperature"); get != nullptr) {
    if (get(device, kGpuTemperature, &value) == 0) state.temperature_celsius = static_cast<int>(value);
  }
  if (const auto get = nvml.find<GetNumber>("nvmlDeviceGetPowerUsage"); get != nullptr) {
    if (get(device, &value) == 0) state.power_watts = value / 1000.0;
  }
  unsigned long long reasons = 0;
  if (const auto get = nvml.find<GetReasons>("nvmlDeviceGetCurrentClocksThrottleReasons"); get != nullptr) {
    if (get(device, &reasons) != 0) reasons = 0;
  }
  for (const Reason& reason : kReasons) {
    if ((reasons & reason.bit) != 0) state.throttle_reasons.emplace_back(reason.text);
  }
  return state;
}

}  // namespace lstm::cuda
