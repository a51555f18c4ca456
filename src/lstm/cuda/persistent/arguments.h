// What a launch gets. Pointers are to the GPU's memory; "by direction" means [0] forward, [1] reverse. Rows
// are packed rows (steps.h). T is what y and gates are stored as: float, Bf16 or Fp16.
#pragma once

#include <cstddef>

#include "cuda/persistent/layout.h"
#include "cuda/persistent/product.h"

namespace lstm::cuda::persistent {

template <class T>
struct ForwardArguments {
  Geometry geometry;
  int parts = 1;                    // of the product along the inner dimension
  const int* lengths = nullptr;     // (samples) by place
  const int* row_starts = nullptr;  // (steps of the longest sample + 1)
  const Words* weights[2] = {};     // by direction: pack.h
  const float* b_W[2] = {};         // by direction (4H)
  const float* b_R[2] = {};         // by direction (4H)
  const float* sums[2] = {};        // by direction (rows, 4H): W x
  T* gates[2] = {};                 // by direction (rows, 4H): i f g o, H each; may be the memory of sums
  float* c[2] = {};                 // by direction (rows, H)
  T* y[2] = {};                     // by direction: its part of (rows, y_row)
  int y_row = 0;                    // D * H
};

template <class T>
struct BackwardArguments {
  Geometry geometry;
  const int* lengths = nullptr;
  const int* row_starts = nullptr;
  const Words* weights[2] = {};
  T* gates[2] = {};  // by direction (rows, 4H): as forward left them; out: their gradients
  const float* c[2] = {};
  const float* dy[2] = {};  // by direction: its part of (rows, y_row)
  int y_row = 0;
  // Not negative: the gradient of y is zero but at each sample's last step (t = its length - 1), and dy has
  // only that, (samples, y_row) by place, and zeros in this row.
  int zero_dy_row = -1;
  float* bias_sums[2] =
      {};  // by direction (samples, 4H) by place, out: gradients of gates, summed over steps
};

}  // namespace lstm::cuda::persistent
