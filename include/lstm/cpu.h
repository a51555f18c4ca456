// Which instruction sets this machine offers, how to hold the engines to one of them, and their threads to
// CPUs.
#pragma once

#include <string_view>

namespace lstm {

// Levels of x86 instruction sets; each but amx includes the ones before it (amx includes avx512bf16).
enum class Isa { portable, avx2, avx512, avx512bf16, amx };

// "portable", "avx2", "avx512", "avx512bf16", "amx".
std::string_view name(Isa isa);

// What processor and operating system together allow (CPUID, XCR0, and for AMX the kernel's permission, which
// this asks for on its first call).
bool is_available(Isa isa);
// The best available one.
Isa detected_isa();

// Which threads of an engine are bound to a CPU each. More threads than CPUs never are.
enum class Pinning {
  // Where an engine has as many threads as there are CPUs for it: all but the caller's, which is led to the
  // CPU that is left, and may run anywhere. With fewer threads none is, so that programs that run side by
  // side do not meet on the same CPUs.
  automatic,
  // All of them, the thread that makes the first step too: it stays on its CPU while the engine lives, and
  // threads and processes that it starts meanwhile inherit that. Engines of one process get different CPUs as
  // far as there are; several programs get the same, unless each is given its own (taskset).
  always,
  never,
};

// Threads that the program around an engine has already, as those of OpenMP, to compute with in place of the
// engine's own: threads of two kinds are in each other's way where one kind spins while it has nothing to do.
// All three, or none.
struct ParallelRegion {
  // Calls body(data) on each of `threads` threads at once, the caller among them, and returns when all have
  // returned; flags are 0. GOMP_parallel of the OpenMP runtimes of GCC and LLVM does. Where it has fewer
  // threads, the engine uses its own.
  void (*run)(void (*body)(void*), void* data, unsigned threads, unsigned flags) = nullptr;
  int (*count)() = nullptr;  // within run(): how many threads there are (omp_get_num_threads)
  int (*index)() = nullptr;  // and which of them is this one, 0 the caller (omp_get_thread_num)
};

// Subnormal numbers count as zero on the calling thread from now on (FTZ and DAZ); engines do this by
// themselves while they compute, and leave the caller's setting as it was.
void flush_denormals();

}  // namespace lstm
