// The sequence kernels with the widths of instruction sets that this machine may lack.
#pragma once

#include "kernels/sequence/sequence.h"

namespace lstm::kernels {

SequenceKernels sequence_as_avx512();
SequenceKernels sequence_as_avx2();

}  // namespace lstm::kernels
