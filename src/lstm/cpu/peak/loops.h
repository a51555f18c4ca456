// Loops that do nothing but one thing as fast as it goes, for measuring.
#pragma once

#include <cstddef>

#include "lstm/cpu.h"

namespace lstm::cpu {

// Enough independent multiply-adds to keep every unit busy: latency times units, more than 8 to 10.
struct FlopLoop {
  Isa isa;
  double flops;  // an iteration
  void (*run)(long iterations) noexcept;
};

// Adds up `count` floats, a multiple of 256; the buffer is aligned to 64 bytes.
struct ReadLoop {
  Isa isa;
  float (*run)(const float* buffer, std::size_t count) noexcept;
};

void fp32_flops_portable(long iterations) noexcept;
void fp64_flops_portable(long iterations) noexcept;
float read_portable(const float* buffer, std::size_t count) noexcept;

void fp32_flops_avx2(long iterations) noexcept;
void fp64_flops_avx2(long iterations) noexcept;
float read_avx2(const float* buffer, std::size_t count) noexcept;

void fp32_flops_avx512(long iterations) noexcept;
void fp64_flops_avx512(long iterations) noexcept;
float read_avx512(const float* buffer, std::size_t count) noexcept;

void bf16_flops_avx512bf16(long iterations) noexcept;
void bf16_flops_amx(long iterations) noexcept;

// Best first, the portable one last.
inline constexpr FlopLoop kFp32Loops[] = {{Isa::avx512, 24 * 16 * 2, fp32_flops_avx512},
                                          {Isa::avx2, 12 * 8 * 2, fp32_flops_avx2},
                                          {Isa::portable, 32 * 2, fp32_flops_portable}};
inline constexpr FlopLoop kFp64Loops[] = {{Isa::avx512, 24 * 8 * 2, fp64_flops_avx512},
                                          {Isa::avx2, 12 * 4 * 2, fp64_flops_avx2},
                                          {Isa::portable, 16 * 2, fp64_flops_portable}};
inline constexpr ReadLoop kReadLoops[] = {
    {Isa::avx512, read_avx512}, {Isa::avx2, read_avx2}, {Isa::portable, read_portable}};
inline constexpr FlopLoop kBf16DotLoop = {Isa::avx512bf16, 24 * 16 * 4, bf16_flops_avx512bf16};
inline constexpr FlopLoop kAmxLoop = {Isa::amx, 4 * 16 * 16 * 32 * 2, bf16_flops_amx};

}  // namespace lstm::cpu
