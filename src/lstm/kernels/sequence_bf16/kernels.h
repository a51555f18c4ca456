// All operations of sequence_bf16.h for the Vector and the block product of the including file.
#pragma once

#include "kernels/sequence/activations.h"
#include "kernels/sequence_bf16/packing.h"
#include "kernels/sequence_bf16/product.h"
// Needs the activations.
#include "kernels/sequence_bf16/steps.h"

namespace lstm::kernels {
namespace {

constexpr bf16::Kernels kKernels = {multiply,     forward_step,      backward_step,   pack_left, pack_right,
                                    pack_weights, pack_weights_back, unpack_gradient, round_row, widen_row};

}  // namespace
}  // namespace lstm::kernels
