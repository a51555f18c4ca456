// The head on each sample's last step, where it has few classes: its products with the copies around them and
// the loss, which would take as many launches of a few microseconds.
#pragma once

#include "cuda/kernels/loss.h"
#include "cuda/kernels/packed_rows.h"
#include "cuda/kernels/stream_handle.h"

namespace lstm::cuda {

constexpr int kFewClasses = 16;

// T: float, Bf16 or Fp16.
template <class T>
struct SmallHead {
  PackedRows rows;               //
  int samples = 0;               // N
  int classes = 0;               // V, at most kFewClasses
  int width = 0;                 // D*H
  const int* lengths = nullptr;  // (N) by place
  const T* weights = nullptr;    // (V, width), rows `stride` elements apart
  int stride = 0;
};

// y (rows, width) -> last_y (N, width) at each sample's last step, and its logits (N, V), which are those of
// `loss`; then all that cross_entropy() does, and small_head_backward() of its gradients.
template <class T>
void small_head_forward(StreamHandle stream, const SmallHead<T>& head, const T* y, T* last_y, float* logits,
                        const CrossEntropy<T>& loss, float* d_last_y);
// d_logits (N, V) -> d_last_y (N, width).
template <class T>
void small_head_backward(StreamHandle stream, const SmallHead<T>& head, const T* d_logits, float* d_last_y);

}  // namespace lstm::cuda
