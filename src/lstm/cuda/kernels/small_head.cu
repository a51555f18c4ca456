#include "cuda/kernels/small_head.h"

#include "cuda/kernels/launch.h"
#include "cuda/kernels/small_head_kernels.h"

namespace lstm::cuda {

template <class T>
void small_head_forward(StreamHandle stream, const SmallHead<T>& head, const T* y, T* last_y, float* logits,
                        const CrossEntropy<T>& loss, float* d_last_y) {
  launch("small_head_forward", stream, static_cast<unsigned>(head.samples), kFewClasses * kWarpSize,
         small_head_forward_kernel<T>, head, y, last_y, logits, loss, d_last_y);
}

template <class T>
void small_head_backward(StreamHandle stream, const SmallHead<T>& head, const T* d_logits, float* d_last_y) {
  launch("small_head_backward", stream, static_cast<unsigned>(head.samples), 256,
         small_head_backward_kernel<T>, head, d_logits, d_last_y);
}

#define LSTM_INSTANTIATE(T)                                                                    \
  template void small_head_forward<T>(StreamHandle, const SmallHead<T>&, const T*, T*, float*, \
                                      const CrossEntropy<T>&, float*);                         \
  template void small_head_backward<T>(StreamHandle, const SmallHead<T>&, const T*, float*);
LSTM_INSTANTIATE(float)
LSTM_INSTANTIATE(Bf16)
LSTM_INSTANTIATE(Fp16)
#undef LSTM_INSTANTIATE

}  // namespace lstm::cuda
