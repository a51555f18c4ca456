// The device that this process uses: CUDA's device 0, which CUDA_VISIBLE_DEVICES chooses.
#pragma once

#include <string>

namespace lstm::cuda {

// Empty where there is a device that this build has code for; else why not.
std::string device_problem();

}  // namespace lstm::cuda
