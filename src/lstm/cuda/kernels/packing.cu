#include "cuda/kernels/packing.h"

#include "cuda/kernels/packing_kernels.h"
#include "cuda/runtime/check.h"

namespace lstm::cuda {
namespace {

constexpr int kThreads = 256;

}  // namespace

template <class T>
void pack_x(StreamHandle stream, const PackedRows& rows, const int* order, const float* x, int loaded_steps,
            int inputs, int stride, T* packed) {
  pack_x_kernel<T><<<static_cast<unsigned>(rows.steps), kThreads, 0, stream>>>(rows, order, x, loaded_steps,
                                                                               inputs, stride, packed);
  check_launch("pack_x");
}

template <class T>
void gather_h_before(StreamHandle stream, const PackedRows& rows, int direction, const T* y, int stride,
                     int units, T* h_before) {
  gather_h_before_kernel<T><<<static_cast<unsigned>(rows.steps), kThreads, 0, stream>>>(
      rows, direction, y, stride, units, h_before);
  check_launch("gather_h_before");
}

template <class T>
void gather_last(StreamHandle stream, const PackedRows& rows, int samples, const int* lengths, const T* y,
                 int width, T* last) {
  gather_last_kernel<T>
      <<<static_cast<unsigned>(samples), kThreads, 0, stream>>>(rows, lengths, y, width, last);
  check_launch("gather_last");
}

void scatter_last(StreamHandle stream, const PackedRows& rows, int samples, const int* lengths,
                  const float* d_last, int width, float* dy) {
  scatter_last_kernel<float>
      <<<static_cast<unsigned>(samples), kThreads, 0, stream>>>(rows, lengths, d_last, width, dy);
  check_launch("scatter_last");
}

#define LSTM_INSTANTIATE(T)                                                                              \
  template void pack_x<T>(StreamHandle, const PackedRows&, const int*, const float*, int, int, int, T*); \
  template void gather_h_before<T>(StreamHandle, const PackedRows&, int, const T*, int, int, T*);        \
  template void gather_last<T>(StreamHandle, const PackedRows&, int, const int*, const T*, int, T*);
LSTM_INSTANTIATE(float)
LSTM_INSTANTIATE(Bf16)
LSTM_INSTANTIATE(Fp16)
#undef LSTM_INSTANTIATE

}  // namespace lstm::cuda
