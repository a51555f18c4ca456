// Errors of CUDA and its libraries as exceptions.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

namespace lstm::cuda {

// Throw std::bad_alloc for what is out of memory, else std::runtime_error naming `what` and CUDA's reason.
void check(cudaError_t status, const char* what);
void check(cublasStatus_t status, const char* what);
// To be called behind every launch.
void check_launch(const char* kernel);

}  // namespace lstm::cuda
