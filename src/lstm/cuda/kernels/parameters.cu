#include "cuda/kernels/parameters.h"

#include "cuda/kernels/launch.h"
#include "cuda/kernels/parameter_kernels.h"

namespace lstm::cuda {
namespace {

constexpr int kThreads = 256;

unsigned blocks_for(long long count) {
  return static_cast<unsigned>((count + kThreads - 1) / kThreads);
}

}  // namespace

void adam(StreamHandle stream, const AdamStep& step) {
  launch("adam", stream, blocks_for(step.count), kThreads, adam_kernel, step);
}

template <class T>
void bias_gradient(StreamHandle stream, int rows, int columns, const T* d_gates, float scale, bool adds,
                   float* partial, float* b_W, float* b_R) {
  const int parts = rows < kColumnSumRows * kColumnSumPartials ? 1 : kColumnSumPartials;
  const dim3 grid(static_cast<unsigned>((columns + 31) / 32), static_cast<unsigned>(parts));
  launch("partial_column_sums", stream, grid, dim3(32, kColumnSumRows), partial_column_sums_kernel<T>, rows,
         columns, d_gates, partial);
  bias_gradient_of_sums(stream, parts, columns, partial, scale, adds, b_W, b_R);
}

void bias_gradient_of_sums(StreamHandle stream, int rows, int columns, const float* sums, float scale,
                           bool adds, float* b_W, float* b_R) {
  launch("bias_gradient", stream, static_cast<unsigned>((columns + 31) / 32), dim3(32, kColumnSumRows),
         bias_gradient_kernel, rows, columns, sums, scale, adds, b_W, b_R);
}

template <class From, class To>
void copy_segments(StreamHandle stream, const SegmentCopies<From, To>& copies) {
  launch("copy_segments", stream, dim3(copy_blocks(copies.largest), static_cast<unsigned>(copies.count)),
         kCopyThreads, copy_segments_kernel<From, To>, copies);
}

template <class From, class To>
void convert(StreamHandle stream, long long count, const From* from, float scale, To* to) {
  if (count == 0) return;
  launch("convert", stream, blocks_for(count), kThreads, convert_kernel<From, To>, count, from, scale, to);
}

void sum_of_squares(StreamHandle stream, long long count, const float* values, double* partial,
                    double* total) {
  const long long wanted = (count + kSquareSumThreads - 1) / kSquareSumThreads;
  const int blocks = wanted < kSquareSums ? static_cast<int>(wanted) : kSquareSums;
  launch("square_sums", stream, static_cast<unsigned>(blocks), kSquareSumThreads, square_sums_kernel, count,
         values, partial);
  launch("sum_in_order", stream, 1, kOrderedSumThreads, sum_in_order_kernel, blocks, partial, total);
}

#define LSTM_INSTANTIATE(T)                                                                              \
  template void bias_gradient<T>(StreamHandle, int, int, const T*, float, bool, float*, float*, float*); \
  template void copy_segments<float, T>(StreamHandle, const SegmentCopies<float, T>&);                   \
  template void convert<float, T>(StreamHandle, long long, const float*, float, T*);
LSTM_INSTANTIATE(float)
LSTM_INSTANTIATE(Bf16)
LSTM_INSTANTIATE(Fp16)
#undef LSTM_INSTANTIATE
template void copy_segments<Bf16, float>(StreamHandle, const SegmentCopies<Bf16, float>&);
template void copy_segments<Fp16, float>(StreamHandle, const SegmentCopies<Fp16, float>&);
template void convert<Bf16, float>(StreamHandle, long long, const Bf16*, float, float*);
template void convert<Fp16, float>(StreamHandle, long long, const Fp16*, float, float*);

}  // namespace lstm::cuda
