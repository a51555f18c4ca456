// The operations of sequence_bf16.h in plain C++, on a model of AMX's tiles.
#include "kernels/sequence_bf16/sequence_bf16.h"
#include "kernels/sequence_bf16/vector16_portable.h"
// Needs a Vector.
#include "kernels/sequence_bf16/tiles_model.h"
// Need the above.
#include "kernels/sequence_bf16/block_tiles.h"
// Needs all of it.
#include "kernels/sequence_bf16/kernels.h"

namespace lstm::kernels::bf16 {

extern const Kernels kKernels_portable[2];
const Kernels kKernels_portable[2] = {kKernels[0], kKernels[1]};

}  // namespace lstm::kernels::bf16
