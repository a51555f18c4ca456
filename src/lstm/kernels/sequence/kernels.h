// All operations of sequence.h for the Vector of the including file. Included once in each sequence_*.cpp.
#pragma once

#include "kernels/sequence/activations.h"
#include "kernels/sequence/tile.h"
// These need the two above.
#include "kernels/sequence/packing.h"
#include "kernels/sequence/panel.h"
#include "kernels/sequence/products.h"
#include "kernels/sequence/steps.h"

namespace lstm::kernels {
namespace {

constexpr SequenceKernels kKernels = {kBlock,          kTileRows,      project,   forward_step, backward_step,
                                      weight_gradient, input_gradient, pack_rows, pack_gates,   unpack_gates};

}  // namespace
}  // namespace lstm::kernels
