#include "kernels/simd/vector_avx512.h"
// Over that Vector:
#include "kernels/ctc/ctc_vector.h"

namespace lstm::kernels {

double ctc_avx512(const CtcProblem& problem, float* scratch) noexcept {
  return ctc_vector(problem, scratch);
}

}  // namespace lstm::kernels
