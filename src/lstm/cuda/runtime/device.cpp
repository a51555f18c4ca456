#include "cuda/runtime/device.h"

#include <cublas_v2.h>
#include <cudnn.h>

#include "lstm/cuda.h"

namespace lstm::cuda {
namespace {

std::string version(int number, int major_unit, int minor_unit) {
  return std::to_string(number / major_unit) + "." + std::to_string(number % major_unit / minor_unit);
}

std::string cublas_version() {
  int major = 0, minor = 0;
  cublasGetProperty(MAJOR_VERSION, &major);
  cublasGetProperty(MINOR_VERSION, &minor);
  return std::to_string(major) + "." + std::to_string(minor);
}

cudaError_t get_properties(cudaDeviceProp& properties) {
  int device = 0;
  const cudaError_t status = cudaGetDevice(&device);
  return status == cudaSuccess ? cudaGetDeviceProperties(&properties, device) : status;
}

std::string compute_capability(const cudaDeviceProp& properties) {
  return std::to_string(properties.major) + "." + std::to_string(properties.minor);
}

}  // namespace

std::string device_problem() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    cudaGetLastError();
    return "no CUDA device: " +
           std::string(cudaGetErrorString(status == cudaSuccess ? cudaErrorNoDevice : status));
  }
  cudaDeviceProp properties{};
  if (const cudaError_t error = get_properties(properties); error != cudaSuccess) {
    cudaGetLastError();
    return "the CUDA device cannot be used: " + std::string(cudaGetErrorString(error));
  }
  if (properties.major < 8) {
    return std::string(properties.name) + " has compute capability " + compute_capability(properties) +
           ", expected 8.0 (Ampere) or newer";
  }
  if (const cudaError_t error = code_status(); error != cudaSuccess) {
    cudaGetLastError();
    return "this build has no code for " + std::string(properties.name) + " of compute capability " +
           compute_capability(properties) + " (" + cudaGetErrorString(error) +
           "); CMAKE_CUDA_ARCHITECTURES says what it is built for (docs/cuda.md)";
  }
  return "";
}

std::vector<std::pair<std::string, std::string>> facts() {
  std::vector<std::pair<std::string, std::string>> result;
  int runtime = 0, driver = 0;
  cudaRuntimeGetVersion(&runtime);
  cudaDriverGetVersion(&driver);
  result.emplace_back("CUDA", version(runtime, 1000, 10));
  result.emplace_back("driver for CUDA", driver == 0 ? "none" : version(driver, 1000, 10));
  result.emplace_back("cuBLAS", cublas_version());
  result.emplace_back("cuDNN", version(static_cast<int>(cudnnGetVersion()), 10000, 100));
  if (!device_problem().empty()) return result;
  cudaDeviceProp properties{};
  if (get_properties(properties) != cudaSuccess) return result;
  result.emplace_back("GPU", properties.name);
  result.emplace_back("compute capability", compute_capability(properties));
  result.emplace_back("GPU memory", std::to_string(properties.totalGlobalMem >> 30) + " GiB");
  return result;
}

std::int64_t device_bytes_in_use() {
  std::size_t free = 0, total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return static_cast<std::int64_t>(total - free);
}

}  // namespace lstm::cuda
