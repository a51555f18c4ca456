// The operations of sequence.h for plain C++.
#include "kernels/sequence/sequence.h"
#include "kernels/sequence/vector_portable.h"
// Needs a Vector.
#include "kernels/sequence/kernels.h"

namespace lstm::kernels {

extern const SequenceKernels kSequence_portable;
const SequenceKernels kSequence_portable = kKernels;

}  // namespace lstm::kernels
