// A launch of the persistent kernels on emulated groups, one after the other.
#pragma once

#include <cstdint>

#include "cuda/persistent/arguments.h"

namespace lstm::cuda::persistent::emulation {

struct EmulatedLaunch {
  int warps = 1;                // of a block
  int most_warps = kMostWarps;  // or kFewWarps: which kernels
  bool is_cluster = true;
  bool is_checked = true;  // every access
  std::uint64_t seed = 1;  // of the order of threads and packets
};

// T is float, Bf16 or Fp16. Throw std::runtime_error for what the emulation finds.
template <class T>
void run(const EmulatedLaunch& launch, const ForwardArguments<T>& arguments);
template <class T>
void run(const EmulatedLaunch& launch, const BackwardArguments<T>& arguments);

}  // namespace lstm::cuda::persistent::emulation
