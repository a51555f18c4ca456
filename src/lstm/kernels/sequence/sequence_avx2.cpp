// The operations of sequence.h for AVX2.
#include "kernels/sequence/sequence.h"
#include "kernels/sequence/vector_avx2.h"
// Needs a Vector.
#include "kernels/sequence/kernels.h"

namespace lstm::kernels {

extern const SequenceKernels kSequence_avx2;
const SequenceKernels kSequence_avx2 = kKernels;

}  // namespace lstm::kernels
