// Launches of packing_kernels.h: T is float, Bf16 or Fp16.
#pragma once

#include "cuda/kernels/packed_rows.h"
#include "cuda/kernels/stream_handle.h"

namespace lstm::cuda {

// h of the step before each row of one direction, dense (rows, units), from its part of y (rows, stride).
template <class T>
void gather_h_before(StreamHandle stream, const PackedRows& rows, int direction, const T* y, int stride,
                     int units, T* h_before);

// y (rows, width) at each sample's last step -> last (samples, width) by place; lengths (samples) by place.
template <class T>
void gather_last(StreamHandle stream, const PackedRows& rows, int samples, const int* lengths, const T* y,
                 int width, T* last);

// The reverse: d_last (samples, width) into dy (rows, width) at each sample's last step, zero elsewhere.
void scatter_last(StreamHandle stream, const PackedRows& rows, const float* d_last, int width, float* dy);

}  // namespace lstm::cuda
