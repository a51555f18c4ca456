// The operations of sequence_bf16.h on VDPBF16PS, in plain C++.
#include "kernels/sequence_bf16/sequence_bf16.h"
#include "kernels/sequence_bf16/vector16_portable.h"
// Needs a Vector.
#include "kernels/sequence_bf16/block_dots.h"
// Needs all of it.
#include "kernels/sequence_bf16/kernels.h"
#include "lstm/kernels/sequence_bf16/emulated.h"

namespace lstm::kernels::bf16 {

Kernels as_avx512bf16(int parts) {
  return kKernels[parts - 1];
}

}  // namespace lstm::kernels::bf16
