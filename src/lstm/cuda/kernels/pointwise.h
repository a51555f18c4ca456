// Operations on matrices, element by element, each a kernel of its own: what cuda/basic is made of.
#pragma once

#include "cuda/kernels/stream_handle.h"

namespace lstm::cuda {

enum class PointwiseOperation {
  add,                // out = a + b
  multiply,           // out = a b
  add_product,        // out += a b
  sigmoid,            // out = sigmoid(a)
  tanh,               // out = tanh(a)
  sigmoid_gradient,   // out = b a (1 - a), a being the sigmoid
  tanh_gradient,      // out = b (1 - a^2), a being the tanh
  add_tanh_gradient,  // out += b (1 - a^2)
};

// Rows are so many elements apart; a stride of 0 is one row for all (a bias).
struct Pointwise {
  int rows = 0, columns = 0;
  const float* a = nullptr;
  int a_stride = 0;
  const float* b = nullptr;  // nullptr where the operation takes one operand
  int b_stride = 0;
  int b_rows = 0;        // b counts as 0 behind them
  float* out = nullptr;  // may be a or b
  int out_stride = 0;
};

void pointwise(StreamHandle stream, PointwiseOperation operation, const Pointwise& operands);

}  // namespace lstm::cuda
