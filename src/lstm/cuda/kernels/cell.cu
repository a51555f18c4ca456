#include "cuda/kernels/cell.h"

#include "cuda/kernels/cell_kernels.h"
#include "cuda/kernels/launch.h"

namespace lstm::cuda {
namespace {

constexpr int kThreads = 256;

unsigned blocks_for(long long count) {
  return static_cast<unsigned>((count + kThreads - 1) / kThreads);
}

}  // namespace

template <class T>
void cell_forward(StreamHandle stream, const CellForward<T>& step) {
  const long long count = static_cast<long long>(step.rows) * step.units;
  launch("cell_forward", stream, blocks_for(count), kThreads, cell_forward_kernel<T>, step);
}

template <class T>
void cell_backward(StreamHandle stream, const CellBackward<T>& step) {
  const long long count = static_cast<long long>(step.rows) * step.units;
  launch("cell_backward", stream, blocks_for(count), kThreads, cell_backward_kernel<T>, step);
}

template void cell_forward<float>(StreamHandle, const CellForward<float>&);
template void cell_forward<Bf16>(StreamHandle, const CellForward<Bf16>&);
template void cell_forward<Fp16>(StreamHandle, const CellForward<Fp16>&);
template void cell_backward<float>(StreamHandle, const CellBackward<float>&);
template void cell_backward<Bf16>(StreamHandle, const CellBackward<Bf16>&);
template void cell_backward<Fp16>(StreamHandle, const CellBackward<Fp16>&);

}  // namespace lstm::cuda
