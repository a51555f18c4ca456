// The weights of the LSTM layers as the matrix products of one pass read them: packed once for all time
// steps.
#pragma once

#include <span>
#include <vector>

#include "cpu/memory.h"
#include "engines/training/parameter_store.h"
#include "kernels/gemm/gemm.h"

namespace lstm::engines {

class PackedWeights {
 public:
  // As kernels::GemmProblem::packed_b takes them.
  struct Direction {
    const float* W = nullptr;
    const float* R = nullptr;
  };

  // input_gradients: the first layer's input needs a gradient, too. Throws std::bad_alloc.
  PackedWeights(const Network& network, bool input_gradients);

  // For products with W^T (inputs, 4H) and R^T (H, 4H).
  void pack_for_forward(const ParameterStore& store, kernels::Gemm& gemm);
  // For products with W (4H, inputs) and R (4H, H). Of a first layer whose input needs no gradient, R only.
  void pack_for_backward(const ParameterStore& store, kernels::Gemm& gemm);

  Direction at(int layer, int direction) const;
  std::size_t bytes() const { return arena_.bytes(); }

 private:
  struct Buffers {
    std::span<float> W, R;
  };

  void plan();
  template <class Function>
  void for_each_direction(const Function& function);

  Network network_;
  bool input_gradients_;
  cpu::Arena arena_;
  std::vector<Buffers> buffers_;  // by layer and direction; a pass overwrites what the other has packed
};

}  // namespace lstm::engines
