// What the two ways of a GPU to run a group share: shared memory, warp collectives, matrix instructions,
// activations. product.h says what each call means; PTX instructions are those of the PTX ISA 8.1.
#pragma once

#include <cstdint>

#include "cuda/persistent/product.h"

namespace lstm::cuda::persistent {

extern __shared__ Words block_memory[];

class DeviceLane {
 public:
  __device__ int thread() const { return static_cast<int>(threadIdx.x); }
  __device__ int threads() const { return static_cast<int>(blockDim.x); }
  // By a shuffle, behind which what depends on it alone can lie in registers of the whole warp.
  __device__ int warp_index() const { return __shfl_sync(0xffffffffU, thread() / kLanes, 0); }

  template <class T>
  __device__ T load(int offset) const {
    return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(block_memory) + offset);
  }
  template <class T>
  __device__ void store(int offset, const T& value) const {
    *reinterpret_cast<T*>(reinterpret_cast<char*>(block_memory) + offset) = value;
  }
  template <class T>
  __device__ T load_global(const void* address) const {
    return *static_cast<const T*>(address);
  }
  template <class T>
  __device__ void store_global(void* address, const T& value) const {
    *static_cast<T*>(address) = value;
  }

  __device__ void sync_block() const { __syncthreads(); }

  template <class T>
  __device__ T shuffle(T value, int lane) const {
    return __shfl_sync(0xffffffffU, value, lane);
  }

  // c += a b: mma.m16n8k16 of 16 bits, or mma.m16n8k8 of TF32; sums in fp32.
  template <Arithmetic arithmetic>
  __device__ void mma(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) const {
    if constexpr (arithmetic == Arithmetic::tf32) {
      asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
          "{%0, %1, %2, %3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    } else if constexpr (arithmetic == Arithmetic::bf16) {
      asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
          "{%0, %1, %2, %3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    } else {
      asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
          "{%0, %1, %2, %3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
  }

  __device__ std::uint32_t to_word(float x) const { return __float_as_uint(x); }
  __device__ std::uint32_t to_tf32(float x) const {
    std::uint32_t word;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(word) : "f"(x));
    return word;
  }
  template <class T>
  __device__ std::uint32_t to_pair(float low, float high) const {
    return rounded<T>(low).bits | static_cast<std::uint32_t>(rounded<T>(high).bits) << 16;
  }

  // Approximate: by the machine's tanh, off by up to 2^-11 of the result, as much as the 16 bits that follow.
  template <bool is_approximate>
  __device__ float tanh(float x) const {
    if constexpr (is_approximate) {
      float y;
      asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
      return y;
    } else {
      return tanhf(x);
    }
  }
  template <bool is_approximate>
  __device__ float sigmoid(float x) const {
    if constexpr (is_approximate) {
      return 0.5f * tanh<true>(0.5f * x) + 0.5f;
    } else {
      return __fdividef(1.0f, 1.0f + __expf(-x));  // 0 where the exponential overflows
    }
  }
};

}  // namespace lstm::cuda::persistent
