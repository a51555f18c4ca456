#include "kernels/simd/vector_avx512.h"

#include "kernels/pointwise/pointwise_variants.h"
#include "kernels/pointwise/pointwise_vector.h"

namespace lstm::kernels {

const PointwiseFunctions kPointwiseAvx512 = kVectorFunctions;

}  // namespace lstm::kernels
