// Launches of loss_kernels.h.
#pragma once

#include "cuda/kernels/stream_handle.h"

namespace lstm::cuda {

// T: of d_logits, float, Bf16 or Fp16.
template <class T>
struct CrossEntropy {
  int rows = 0;                   //
  int classes = 0;                // V
  const float* logits = nullptr;  // (rows, V)
  const int* labels = nullptr;    // (rows)
  float scale = 1.0f;             // of the gradient
  T* d_logits = nullptr;          // (rows, V) out: scale * (softmax(logits) - one-hot(label))
  double* losses = nullptr;       // (rows) out: -log(softmax(logits)[label]); may be pinned memory
};

template <class T>
void cross_entropy(StreamHandle stream, const CrossEntropy<T>& problem);

// losses (count) as double.
void widen_losses(StreamHandle stream, int count, const float* narrow, double* losses);

}  // namespace lstm::cuda
