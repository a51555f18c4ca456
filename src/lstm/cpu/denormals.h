// Subnormal numbers count as zero while one of these lives; then they are to the thread what they were
// before.
#pragma once

#include <xmmintrin.h>

#include "lstm/cpu.h"

namespace lstm::cpu {

class DenormalsFlushed {
 public:
  DenormalsFlushed() : before_(_mm_getcsr()) { flush_denormals(); }
  ~DenormalsFlushed() { _mm_setcsr(before_); }
  DenormalsFlushed(const DenormalsFlushed&) = delete;
  DenormalsFlushed& operator=(const DenormalsFlushed&) = delete;

 private:
  unsigned before_;
};

}  // namespace lstm::cpu
