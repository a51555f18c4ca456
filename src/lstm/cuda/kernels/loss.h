// Launches of loss_kernels.h.
#pragma once

#include "cuda/kernels/stream_handle.h"

namespace lstm::cuda {

// losses (rows) = -log(softmax(logits)[label]); d_logits (rows, V) = scale * (softmax(logits) -
// one-hot(label)).
void cross_entropy(StreamHandle stream, int rows, int classes, const float* logits, const int* labels,
                   float scale, double* losses, float* d_logits);

// losses (count) as double.
void widen_losses(StreamHandle stream, int count, const float* narrow, double* losses);

}  // namespace lstm::cuda
