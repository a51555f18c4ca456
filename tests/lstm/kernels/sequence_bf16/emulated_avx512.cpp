// The operations of sequence_bf16.h in fp32, 16 at a time, in plain C++.
#include "kernels/sequence_bf16/sequence_bf16.h"
#include "kernels/sequence_bf16/vector16_portable.h"
// Needs a Vector.
#include "kernels/sequence_bf16/block_widened.h"
// Needs all of it.
#include "kernels/sequence_bf16/kernels.h"
#include "lstm/kernels/sequence_bf16/emulated.h"

namespace lstm::kernels::bf16 {

Kernels as_avx512(int parts) {
  return kKernels[parts - 1];
}

}  // namespace lstm::kernels::bf16
