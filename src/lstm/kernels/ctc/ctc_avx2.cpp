#include "kernels/simd/vector_avx2.h"
// Over that Vector:
#include "kernels/ctc/ctc_vector.h"

namespace lstm::kernels {

double ctc_avx2(const CtcProblem& problem, float* scratch) noexcept {
  return ctc_vector(problem, scratch);
}

}  // namespace lstm::kernels
