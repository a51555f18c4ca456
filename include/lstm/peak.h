// What this machine can do at most: the roof that engines are measured against.
#pragma once

#include <optional>

#include "lstm/cpu.h"

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

// Each figure is sustained for `seconds` on `threads` pinned threads at once.
Peak measure_peak(int threads, double seconds = 0.5);
// Only the fp32 (or the dtype's best) figure: what is taken between the rounds of a run.
double measure_fp32_peak(int threads, double seconds = 0.5);

}  // namespace lstm
