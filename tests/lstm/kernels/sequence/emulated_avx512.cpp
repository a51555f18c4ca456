// The operations of sequence.h as AVX-512 has them, 16 floats wide, in plain C++.
#define LSTM_PORTABLE_WIDTH 16
#define LSTM_PORTABLE_TILE_ROWS 6
// Calls instead of copies of all lanes: this compiles in seconds, and need not be fast.
#define LSTM_PORTABLE_OPERATION __attribute__((noinline))
#include "kernels/sequence/vector_portable.h"
// Needs a Vector.
#include "kernels/sequence/kernels.h"
#include "lstm/kernels/sequence/emulated.h"

namespace lstm::kernels {

SequenceKernels sequence_as_avx512() {
  return kKernels;
}

}  // namespace lstm::kernels
