// Launches of operand_kernels.h: what the first products of a step read. T is float, Bf16 or Fp16.
#pragma once

#include "cuda/kernels/packed_rows.h"
#include "cuda/kernels/parameters.h"
#include "cuda/kernels/stream_handle.h"

namespace lstm::cuda {

// x as loaded, in rows of `inputs` -> packed (rows, stride) with zeros behind the inputs.
template <class T>
struct PackX {
  PackedRows rows;             //
  LoadedRows loaded;           //
  const int* order = nullptr;  // (N): the sample of each place
  const float* x = nullptr;    //
  int inputs = 0;              //
  int stride = 0;              //
  T* packed = nullptr;         // out
};

// Both in one launch, since the products wait for both. `copies` may be of no segments.
template <class T>
void make_operands(StreamHandle stream, const PackX<T>& x, const SegmentCopies<float, T>& copies);

}  // namespace lstm::cuda
