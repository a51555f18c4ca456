// Waiting for another thread's store: spinning at first, because it mostly comes within a microsecond.
#pragma once

#include <immintrin.h>
#include <sched.h>
#include <x86intrin.h>

#include <cstdint>

namespace lstm::cpu {

// Spins until done() or for about `cycles` of the time-stamp counter (2 to 4 a nanosecond); returns done().
template <class Done>
bool spin(std::uint64_t cycles, const Done& done) {
  if (done()) return true;
  if (cycles == 0) return false;
  const std::uint64_t start = __rdtsc();
  do {
    _mm_pause();
    if (done()) return true;
  } while (__rdtsc() - start < cycles);
  return false;
}

// Spins for a bound, then yields until done().
template <class Done>
void spin_then_yield(std::uint64_t cycles, const Done& done) {
  if (spin(cycles, done)) return;
  while (!done()) sched_yield();
}

}  // namespace lstm::cpu
