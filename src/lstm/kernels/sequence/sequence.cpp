#include "kernels/sequence/sequence.h"

#include <array>

namespace lstm::kernels {

extern const SequenceKernels kSequence_avx512;
extern const SequenceKernels kSequence_avx2;
extern const SequenceKernels kSequence_portable;

std::span<const Variant<SequenceKernels>> sequence_variants() {
  static const std::array<Variant<SequenceKernels>, 3> variants = {{
      {"avx512", Isa::avx512, kSequence_avx512},
      {"avx2", Isa::avx2, kSequence_avx2},
      {"portable", Isa::portable, kSequence_portable},
  }};
  return variants;
}

}  // namespace lstm::kernels
