// Runs CUDA kernels on the CPU, thread by thread: what tests of kernels/*_kernels.h use where there is no
// GPU.
//
// To be included before the kernels. Each CUDA thread of a block is a fiber; fibers change at barriers and
// shuffles only, in rising order, or in falling order where Order says so: a kernel that lacks a barrier
// gives different results, and one whose threads do not all reach it ends the test. Blocks run one after the
// other. It is a model of indices, data movement and barriers. It does not show races between two barriers
// that both orders survive, nor anything of speed.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <type_traits>

#ifdef __CUDACC__
#error "the emulation is for code that is not compiled by nvcc"
#endif

#define __global__ inline  // several tests may include a kernel
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(...)

namespace lstm::testing::emulation {

struct Dim3 {
  unsigned x = 1, y = 1, z = 1;
};

enum class Order { rising, falling };

// Runs body() once for each thread of each block. Throws std::runtime_error where the threads of a block wait
// for each other for ever.
void run(Dim3 grid, Dim3 block, std::size_t shared_bytes, Order order, const std::function<void()>& body);

// The same, a hundred times faster, for kernels whose threads never wait for each other; std::logic_error
// where one does.
void run_independent(Dim3 grid, Dim3 block, const std::function<void()>& body);

// Of the running thread.
struct Position {
  Dim3 thread, block, block_size, grid_size;
};
const Position& position();
void wait_for_block();
void wait_for_warp();
// The value that lane `source` of this warp gave; all lanes that have not ended take part.
std::uint64_t exchange(std::uint64_t bits, unsigned source);
unsigned lane();
void* shared_memory();

// Asynchronous copies of the running thread: done when it waits for them.
void start_copy(void* to, const void* from, std::size_t bytes);
void commit_copies();
void wait_for_copies(std::size_t newest_groups);

template <class T>
T shuffle(T value, unsigned source) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  bits = exchange(bits, source);
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace lstm::testing::emulation

#define threadIdx (::lstm::testing::emulation::position().thread)
#define blockIdx (::lstm::testing::emulation::position().block)
#define blockDim (::lstm::testing::emulation::position().block_size)
#define gridDim (::lstm::testing::emulation::position().grid_size)

inline void __syncthreads() {
  ::lstm::testing::emulation::wait_for_block();
}
inline void __syncwarp(unsigned = 0xffffffffu) {
  ::lstm::testing::emulation::wait_for_warp();
}
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  return ::lstm::testing::emulation::shuffle(
      value, ::lstm::testing::emulation::lane() ^ static_cast<unsigned>(mask));
}
template <class T>
T __shfl_sync(unsigned, T value, int source) {
  return ::lstm::testing::emulation::shuffle(value, static_cast<unsigned>(source));
}
template <class T>
T __shfl_up_sync(unsigned, T value, unsigned distance) {
  const unsigned lane = ::lstm::testing::emulation::lane();
  return ::lstm::testing::emulation::shuffle(value, lane >= distance ? lane - distance : lane);
}
template <class T>
T __shfl_down_sync(unsigned, T value, unsigned distance) {
  const unsigned lane = ::lstm::testing::emulation::lane();
  return ::lstm::testing::emulation::shuffle(value, lane + distance < 32 ? lane + distance : lane);
}

// kernels/copy_async.h
namespace lstm::cuda {

inline void copy_8_async(void* to, const void* from) {
  testing::emulation::start_copy(to, from, 8);
}
inline void commit_copies() {
  testing::emulation::commit_copies();
}
template <int kNewest>
void wait_for_copies() {
  testing::emulation::wait_for_copies(kNewest);
}

}  // namespace lstm::cuda
