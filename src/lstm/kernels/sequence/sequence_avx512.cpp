// The operations of sequence.h for AVX-512.
#include "kernels/sequence/sequence.h"
#include "kernels/sequence/vector_avx512.h"
// Needs a Vector.
#include "kernels/sequence/kernels.h"

namespace lstm::kernels {

extern const SequenceKernels kSequence_avx512;
const SequenceKernels kSequence_avx512 = kKernels;

}  // namespace lstm::kernels
