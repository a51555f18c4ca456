#include "cuda/kernels/small_head.h"

#include "cuda/kernels/launch.h"
#include "cuda/kernels/small_head_kernels.h"

namespace lstm::cuda {

template <class T>
void small_head_forward(StreamHandle stream, const SmallHead<T>& head, const T* y, T* last_y, float* logits,
                        const CrossEntropy<T>& loss) {
  launch("small_head_forward", stream, static_cast<unsigned>(head.samples), kFewClasses * kWarpSize,
         small_head_forward_kernel<T>, head, y, last_y, logits, loss);
}

template <class T>
void small_head_backward(StreamHandle stream, const SmallHead<T>& head, const T* d_logits, float* dy) {
  constexpr unsigned kBlocksEach = 32;  // of a step: where all samples end at once, one has all the work
  launch("small_head_backward", stream, dim3(static_cast<unsigned>(head.rows.steps), kBlocksEach), 256,
         small_head_backward_kernel<T>, head, d_logits, dy);
}

#define LSTM_INSTANTIATE(T)                                                                    \
  template void small_head_forward<T>(StreamHandle, const SmallHead<T>&, const T*, T*, float*, \
                                      const CrossEntropy<T>&);                                 \
  template void small_head_backward<T>(StreamHandle, const SmallHead<T>&, const T*, float*);
LSTM_INSTANTIATE(float)
LSTM_INSTANTIATE(Bf16)
LSTM_INSTANTIATE(Fp16)
#undef LSTM_INSTANTIATE

}  // namespace lstm::cuda
