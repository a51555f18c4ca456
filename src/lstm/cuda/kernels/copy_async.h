// Copies from global to shared memory that a thread does not wait for until it says so: they take no
// registers, and waiting for old ones does not wait for newer ones. Tests that emulate a device have their
// own, which copy at the wait and no earlier.
#pragma once

#include <cstdint>

namespace lstm::cuda {

// The same address, which the compiler then keeps in place of working it out again for each use.
template <class T>
__device__ inline const T* kept(const T* address) {
#ifdef __CUDA_ARCH__
  asm volatile("" : "+l"(address));
#endif
  return address;
}

#ifdef __CUDACC__

// 8 bytes, both addresses multiples of 8.
__device__ inline void copy_8_async(void* to, const void* from) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(
                   static_cast<std::uint32_t>(__cvta_generic_to_shared(to))),
               "l"(from));
}

// Makes a group of this thread's copies since its last group.
__device__ inline void commit_copies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

// Until all of this thread's groups but the kNewest latest are there. Other threads see them behind a
// barrier.
template <int kNewest>
__device__ inline void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kNewest) : "memory");
}

#endif

}  // namespace lstm::cuda
