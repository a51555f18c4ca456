#include "kernels/simd/vector_avx2.h"
// Over that Vector:
#include "kernels/softmax/softmax_vector.h"

namespace lstm::kernels {

void softmax_avx2(const SoftmaxProblem& problem) noexcept {
  softmax_vector(problem);
}

}  // namespace lstm::kernels
