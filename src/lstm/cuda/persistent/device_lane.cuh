// What the two ways of a GPU to run a group share: shared memory, warp collectives, matrix instructions,
// activations. product.h says what each call means; PTX instructions are those of the PTX ISA 8.1.
#pragma once

#include <cstdint>

#include "cuda/persistent/product.h"

namespace lstm::cuda::persistent {

extern __shared__ Words block_memory[];

class DeviceLane {
 public:
  // By shuffles: the compiler keeps what comes out of one, where it would read the special register again in
  // every step, and what is the same in all lanes can lie in registers of the whole warp.
  __device__ DeviceLane()
      : lane_(__shfl_sync(0xffffffffU, static_cast<int>(threadIdx.x) % kLanes,
                          static_cast<int>(threadIdx.x) % kLanes)),
        warp_(__shfl_sync(0xffffffffU, static_cast<int>(threadIdx.x) / kLanes, 0)) {}

  __device__ int thread() const { return warp_ * kLanes + lane_; }
  __device__ int threads() const { return static_cast<int>(blockDim.x); }
  __device__ int lane_index() const { return lane_; }
  __device__ int warp_index() const { return warp_; }

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
  // In place, and behind no branch: else the compiler loads into another register and copies it at the end of
  // a step, which waits for the load.
  template <class T>
  __device__ void load_global_if(bool is_wanted, const void* address, T& value) const {
    if constexpr (sizeof(T) == 2) {
      asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %2, 0;\n@p ld.global.b16 %0, [%1];\n}"
                   : "+h"(*reinterpret_cast<std::uint16_t*>(&value))
                   : "l"(address), "r"(static_cast<int>(is_wanted)));
    } else {
      static_assert(sizeof(T) == 4);
      asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %2, 0;\n@p ld.global.b32 %0, [%1];\n}"
                   : "+r"(*reinterpret_cast<std::uint32_t*>(&value))
                   : "l"(address), "r"(static_cast<int>(is_wanted)));
    }
  }
  // By one instruction, where the compiler would rather take several in each step than keep a stride in
  // bytes.
  template <class T>
  __device__ T* row_of(T* first, int row, int stride_bytes) const {
    std::uint64_t address;
    asm("mad.wide.s32 %0, %1, %2, %3;"
        : "=l"(address)
        : "r"(row), "r"(stride_bytes), "l"(reinterpret_cast<std::uint64_t>(first)));
    return reinterpret_cast<T*>(address);
  }
  // Waits for a value that was loaded. Loads share a few counters: else a value's first use, in the first
  // step, would have every step wait for what else its counter counts, which are loads for the step to come.
  __device__ void arrive(std::uint32_t& value) const { value ^= static_cast<std::uint32_t>(lane_ >> 5); }
  __device__ void arrive(float& value) const {
    value = __uint_as_float(__float_as_uint(value) ^ static_cast<std::uint32_t>(lane_ >> 5));
  }
  // The value is worked out here, not later: in front of a load_global_if() into what it is made of.
  __device__ void settle(float& value) const { asm volatile("" : "+f"(value)); }
  template <class T>
  __device__ void store_global(void* address, const T& value) const {
    if constexpr (sizeof(T) == 2) {
      asm volatile("st.global.b16 [%0], %1;" ::"l"(address),
                   "h"(*reinterpret_cast<const std::uint16_t*>(&value))
                   : "memory");
    } else {
      static_assert(sizeof(T) == 4);
      asm volatile("st.global.b32 [%0], %1;" ::"l"(address),
                   "r"(*reinterpret_cast<const std::uint32_t*>(&value))
                   : "memory");
    }
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

 private:
  int lane_, warp_;
};

}  // namespace lstm::cuda::persistent
