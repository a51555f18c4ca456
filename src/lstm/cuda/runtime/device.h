// The calling thread's current device (current_device.h): CUDA's first one, which CUDA_VISIBLE_DEVICES
// chooses, unless the program has called cudaSetDevice().
#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace lstm::cuda {

// Empty where there is a device that this build has code for; else why not.
std::string device_problem();

// Whether this build has code for it, or PTX that the driver can compile: an error of CUDA where not.
cudaError_t code_status();

}  // namespace lstm::cuda
