// Where the operands of products lie: parameters as the engines for a GPU read them.
//
// The master parameters stay fp32 in the layout of lstm/parameters.h. Where products take 16-bit operands,
// matrices are copied to that format before each forward; where the first layer's inputs are no multiple of
// 8, its W is copied with its rows padded by zeros (and so is x), for tensor cores read 16 bytes at a time.
// Everything else is used in place.
#pragma once

#include <cstddef>
#include <vector>

#include "cuda/kernels/parameters.h"
#include "lstm/parameters.h"

namespace lstm::cuda {

// Which matrices the products of an engine read: kernels may keep copies of their own of R, libraries of all
// of the LSTM layers.
enum class Operands { all, all_but_R, head };

// From one row of a layer's input to the next.
int padded_inputs(const Network& network, int layer);

// One matrix: in the copies, or (is_copied false) in the master parameters.
struct PlannedMatrix {
  bool is_copied = false;
  std::size_t offset = 0;  // elements
  int stride = 0;          // from one row to the next
};

struct WeightPlan {
  std::vector<PlannedMatrix> W, R;  // by layer and direction
  PlannedMatrix head;
  std::vector<Segment> copies;  // from the master parameters
  std::size_t copied_size = 0;  // elements of the copies; what no segment writes is zero
};

// is_16_bit: whether operands of products are 16 bits wide. W and R are empty where they are not wanted.
WeightPlan plan_weights(const Network& network, const ParameterLayout& layout, bool is_16_bit,
                        Operands operands);

// What the loss is multiplied by for backward, and gradients divided by: a power of two that keeps gradients
// in the range of fp16; 1 for every other dtype. Gradients that leave that range all the same become
// infinite, which a check finds.
float loss_scale(DType dtype, Loss loss, int samples);

}  // namespace lstm::cuda
