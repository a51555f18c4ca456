#include "cuda/runtime/check.h"

#include <new>
#include <stdexcept>
#include <string>

namespace lstm::cuda {

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // forgotten, where the device can go on
  if (status == cudaErrorMemoryAllocation) throw std::bad_alloc();
  throw std::runtime_error(std::string(what) + ": " + cudaGetErrorName(status) + ": " +
                           cudaGetErrorString(status));
}

void check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw std::bad_alloc();
  throw std::runtime_error(std::string(what) + ": " + cublasGetStatusName(status) + ": " +
                           cublasGetStatusString(status));
}

void check_launch(const char* kernel) {
  check(cudaGetLastError(), kernel);
}

}  // namespace lstm::cuda
