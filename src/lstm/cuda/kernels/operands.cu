#include "cuda/kernels/operands.h"

#include "cuda/kernels/launch.h"
#include "cuda/kernels/operand_kernels.h"

namespace lstm::cuda {

template <class T>
void make_operands(StreamHandle stream, const PackX<T>& x, const SegmentCopies<float, T>& copies) {
  constexpr unsigned kBlocksAStep = 16;  // a hundred steps alone leave multiprocessors without work
  const unsigned blocks_a_segment = copy_blocks(copies.largest);
  const unsigned blocks = static_cast<unsigned>(x.rows.steps) * kBlocksAStep +
                          static_cast<unsigned>(copies.count) * blocks_a_segment;
  launch("make_operands", stream, blocks, kCopyThreads, make_operands_kernel<T>, x, kBlocksAStep, copies,
         blocks_a_segment);
}

template void make_operands<float>(StreamHandle, const PackX<float>&, const SegmentCopies<float, float>&);
template void make_operands<Bf16>(StreamHandle, const PackX<Bf16>&, const SegmentCopies<float, Bf16>&);
template void make_operands<Fp16>(StreamHandle, const PackX<Fp16>&, const SegmentCopies<float, Fp16>&);

}  // namespace lstm::cuda
