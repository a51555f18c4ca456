#include "kernels/simd/vector_avx2.h"

#include "kernels/pointwise/pointwise_variants.h"
#include "kernels/pointwise/pointwise_vector.h"

namespace lstm::kernels {

const PointwiseFunctions kPointwiseAvx2 = kVectorFunctions;

}  // namespace lstm::kernels
