#include "cuda/kernels/packing.h"

#include "cuda/kernels/launch.h"
#include "cuda/kernels/packing_kernels.h"

namespace lstm::cuda {
namespace {

constexpr int kThreads = 256;
constexpr unsigned kBlocksEach = 16;  // of a step: a hundred steps alone leave multiprocessors without work

}  // namespace

template <class T>
void gather_h_before(StreamHandle stream, const PackedRows& rows, int direction, const T* y, int stride,
                     int units, T* h_before) {
  launch("gather_h_before", stream, dim3(static_cast<unsigned>(rows.steps), kBlocksEach), kThreads,
         gather_h_before_kernel<T>, rows, direction, y, stride, units, h_before);
}

template <class T>
void gather_last(StreamHandle stream, const PackedRows& rows, int samples, const int* lengths, const T* y,
                 int width, T* last) {
  launch("gather_last", stream, static_cast<unsigned>(samples), kThreads, gather_last_kernel<T>, rows,
         lengths, y, width, last);
}

void scatter_last(StreamHandle stream, const PackedRows& rows, const float* d_last, int width, float* dy) {
  launch("scatter_last", stream, dim3(static_cast<unsigned>(rows.steps), kBlocksEach), kThreads,
         scatter_last_kernel<float>, rows, d_last, width, dy);
}

#define LSTM_INSTANTIATE(T)                                                                       \
  template void gather_h_before<T>(StreamHandle, const PackedRows&, int, const T*, int, int, T*); \
  template void gather_last<T>(StreamHandle, const PackedRows&, int, const int*, const T*, int, T*);
LSTM_INSTANTIATE(float)
LSTM_INSTANTIATE(Bf16)
LSTM_INSTANTIATE(Fp16)
#undef LSTM_INSTANTIATE

}  // namespace lstm::cuda
