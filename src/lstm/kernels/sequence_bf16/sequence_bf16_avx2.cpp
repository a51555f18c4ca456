// The operations of sequence_bf16.h in fp32, for AVX2.
#include "kernels/sequence_bf16/sequence_bf16.h"
#include "kernels/sequence_bf16/vector16_avx2.h"
// Needs a Vector.
#include "kernels/sequence_bf16/block_widened.h"
// Needs all of it.
#include "kernels/sequence_bf16/kernels.h"

namespace lstm::kernels::bf16 {

extern const Kernels kKernels_avx2[2];
const Kernels kKernels_avx2[2] = {kKernels[0], kKernels[1]};

}  // namespace lstm::kernels::bf16
