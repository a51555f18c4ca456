// The pointwise part of one LSTM step on packed rows, forward and backward, each as one kernel. As
// kernels/cell/cell.h on the CPU, with operands of products in T (float, Bf16, Fp16) and everything else in
// fp32.
#pragma once

#include "cuda/kernels/stream_handle.h"

namespace lstm::cuda {

template <class T>
struct CellForward {
  int units = 0;                    // H
  int rows = 0;                     // samples at this step
  int rows_before = 0;              // of these, continue a step; the others start from c = 0
  const float* sums = nullptr;      // (rows, 4H) products with W and R; may be gates, where T is float
  const float* b_W = nullptr;       // (4H)
  const float* b_R = nullptr;       // (4H)
  const float* c_before = nullptr;  // (rows_before, H)
  T* gates = nullptr;               // (rows, 4H) out: i, f, g, o, H values each
  float* c = nullptr;               // (rows, H) out
  T* h = nullptr;                   // (rows, H) out, rows h_stride elements apart
  int h_stride = 0;
};

template <class T>
struct CellBackward {
  int units = 0;                    // H
  int rows = 0;                     //
  int rows_before = 0;              //
  T* gates = nullptr;               // (rows, 4H) in: i, f, g, o; out: gradients of the sums in front of them
  const float* c = nullptr;         // (rows, H)
  const float* c_before = nullptr;  // (rows_before, H)
  const float* dh = nullptr;        // (rows, H) gradient of h, rows dh_stride elements apart
  int dh_stride = 0;
  float* dc = nullptr;  // (rows, H) in: gradient of c from the step after; out: gradient of c_before
};

template <class T>
void cell_forward(StreamHandle stream, const CellForward<T>& step);
template <class T>
void cell_backward(StreamHandle stream, const CellBackward<T>& step);

}  // namespace lstm::cuda
