#include "kernels/simd/vector_avx2.h"
// Over that Vector:
#include "kernels/adam/adam_vector.h"

namespace lstm::kernels {

void adam_avx2(const AdamProblem& problem, const AdamFactors& factors) noexcept {
  adam_vector(problem, factors);
}

}  // namespace lstm::kernels
