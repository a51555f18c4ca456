#include "kernels/simd/vector_avx512.h"
// Over that Vector:
#include "kernels/adam/adam_vector.h"

namespace lstm::kernels {

void adam_avx512(const AdamProblem& problem, const AdamFactors& factors) noexcept {
  adam_vector(problem, factors);
}

}  // namespace lstm::kernels
