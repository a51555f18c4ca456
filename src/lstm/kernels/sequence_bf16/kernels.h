// All operations of sequence_bf16.h for the Vector and the block product of the including file.
#pragma once

#include "kernels/sequence_bf16/gates.h"
#include "kernels/sequence_bf16/packing.h"
#include "kernels/sequence_bf16/product.h"
// Needs the activations.
#include "kernels/sequence_bf16/steps.h"

namespace lstm::kernels {
namespace {

template <int kParts>
constexpr bf16::Kernels kernels_of_parts() {
  return {Multiplier::kTileRows,     Multiplier::kAddsInputsInSteps,
          multiply<kParts>,          forward_step<kParts>,
          backward_step<kParts>,     pack_left<kParts>,
          pack_right<kParts>,        pack_weights<kParts>,
          pack_weights_back<kParts>, unpack_gradient,
          round_row<kParts>,         widen_row<kParts>};
}
// By parts - 1.
constexpr bf16::Kernels kKernels[2] = {kernels_of_parts<1>(), kernels_of_parts<2>()};

}  // namespace
}  // namespace lstm::kernels
