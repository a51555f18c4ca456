#include "cuda/runtime/device.h"

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include "lstm/cuda.h"

namespace lstm::cuda {
namespace {

std::string version(int number, int major_unit, int minor_unit) {
  return std::to_string(number / major_unit) + "." + std::to_string(number % major_unit / minor_unit);
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
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, 0); error != cudaSuccess) {
    cudaGetLastError();
    return "the CUDA device cannot be used: " + std::string(cudaGetErrorString(error));
  }
  if (properties.major < 8) {
    return std::string(properties.name) + " has compute capability " + std::to_string(properties.major) +
           "." + std::to_string(properties.minor) + ", expected 8.0 (Ampere) or newer";
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
  result.emplace_back("cuBLAS", version(static_cast<int>(cublasLtGetVersion()), 10000, 100));
  result.emplace_back("cuDNN", version(static_cast<int>(cudnnGetVersion()), 10000, 100));
  if (!device_problem().empty()) return result;
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) return result;
  result.emplace_back("GPU", properties.name);
  result.emplace_back("compute capability",
                      std::to_string(properties.major) + "." + std::to_string(properties.minor));
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
