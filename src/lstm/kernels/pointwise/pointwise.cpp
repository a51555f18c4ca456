#include "kernels/pointwise/pointwise.h"

#include "kernels/pointwise/pointwise_variants.h"

namespace lstm::kernels {

std::span<const Variant<PointwiseFunctions>> pointwise_variants() {
  static const Variant<PointwiseFunctions> kVariants[] = {
      {"avx512", Isa::avx512, kPointwiseAvx512},
      {"avx2", Isa::avx2, kPointwiseAvx2},
      {"ref", Isa::portable, kPointwiseRef},
  };
  return kVariants;
}

}  // namespace lstm::kernels
