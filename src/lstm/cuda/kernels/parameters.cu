#include "cuda/kernels/parameters.h"

#include "cuda/kernels/parameter_kernels.h"
#include "cuda/runtime/check.h"

namespace lstm::cuda {
namespace {

constexpr int kThreads = 256;

unsigned blocks_for(long long count) {
  return static_cast<unsigned>((count + kThreads - 1) / kThreads);
}

}  // namespace

void adam(StreamHandle stream, const AdamStep& step) {
  adam_kernel<<<blocks_for(step.count), kThreads, 0, stream>>>(step);
  check_launch("adam");
}

template <class T>
void bias_gradient(StreamHandle stream, int rows, int columns, const T* d_gates, float scale, bool adds,
                   float* partial, float* b_W, float* b_R) {
  const int parts = rows < kColumnSumRows * kColumnSumPartials ? 1 : kColumnSumPartials;
  const dim3 grid(static_cast<unsigned>((columns + 31) / 32), static_cast<unsigned>(parts));
  partial_column_sums_kernel<T>
      <<<grid, dim3(32, kColumnSumRows), 0, stream>>>(rows, columns, d_gates, partial);
  check_launch("partial_column_sums");
  bias_gradient_kernel<<<blocks_for(columns), kThreads, 0, stream>>>(parts, columns, partial, scale, adds,
                                                                     b_W, b_R);
  check_launch("bias_gradient");
}

template <class From, class To>
void copy_segments(StreamHandle stream, const Segment* segments, int count, const From* from, To* to,
                   float scale) {
  constexpr unsigned kBlocksEach = 64;
  copy_segments_kernel<<<dim3(kBlocksEach, static_cast<unsigned>(count)), kThreads, 0, stream>>>(
      segments, from, to, scale);
  check_launch("copy_segments");
}

template <class From, class To>
void convert(StreamHandle stream, long long count, const From* from, float scale, To* to) {
  if (count == 0) return;
  convert_kernel<<<blocks_for(count), kThreads, 0, stream>>>(count, from, scale, to);
  check_launch("convert");
}

#define LSTM_INSTANTIATE(T)                                                                              \
  template void bias_gradient<T>(StreamHandle, int, int, const T*, float, bool, float*, float*, float*); \
  template void copy_segments<float, T>(StreamHandle, const Segment*, int, const float*, T*, float);     \
  template void convert<float, T>(StreamHandle, long long, const float*, float, T*);
LSTM_INSTANTIATE(float)
LSTM_INSTANTIATE(Bf16)
LSTM_INSTANTIATE(Fp16)
#undef LSTM_INSTANTIATE
template void copy_segments<Bf16, float>(StreamHandle, const Segment*, int, const Bf16*, float*, float);
template void copy_segments<Fp16, float>(StreamHandle, const Segment*, int, const Fp16*, float*, float);
template void convert<Bf16, float>(StreamHandle, long long, const Bf16*, float, float*);
template void convert<Fp16, float>(StreamHandle, long long, const Fp16*, float, float*);

}  // namespace lstm::cuda
