#include <xmmintrin.h>

#include "lstm/cpu.h"

namespace lstm {

void flush_denormals() {
  constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;  // Intel SDM volume 1, 10.2.3
  _mm_setcsr(_mm_getcsr() | kFlushToZero | kDenormalsAreZero);
}

}  // namespace lstm
