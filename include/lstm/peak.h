// What this machine can do at most: the roof that engines are measured against.
#pragma once

#include <optional>

#include "lstm/cpu.h"
#include "lstm/network.h"

namespace lstm {

// Floating-point operations a second over all threads together (a multiply-add counts two); nothing where the
// machine lacks the instructions.
struct Peak {
  double fp32_flops = 0;
  std::optional<double> bf16_dot_flops;  // AVX512-BF16 VDPBF16PS
  std::optional<double> amx_bf16_flops;  // AMX TDPBF16PS
  double l2_bytes_per_second = 0;        // reading a buffer of half an L2 cache a thread
  double memory_bytes_per_second = 0;    // reading a buffer much larger than the caches
  int threads = 1;
};

// Each figure is sustained for `seconds` on `threads` pinned threads at once: all work divided by the time of
// the slowest thread. Throws std::invalid_argument for threads < 1 or seconds <= 0, std::bad_alloc where
// there is no room for the buffers (up to 1 GiB in all).
Peak measure_peak(int threads, double seconds = 0.5);

// Only the figure that bounds engines of this number format: what is taken between the rounds of a run.
// fp32, fp64: multiply-adds of that format. bf16: AMX where the machine has it, else VDPBF16PS, else as fp32.
// bf16x3: the same divided by three where it is a bf16 instruction, since a product takes three.
double measure_dtype_peak(DType dtype, int threads, double seconds = 0.5);

}  // namespace lstm
