#include "kernels/simd/vector_avx2.h"
// Needs a Vector.
#include "kernels/gemm/gemm_blocked.h"
#include "kernels/gemm/gemm_variants.h"

namespace lstm::kernels {

void gemm_avx2(const GemmProblem& problem, float* scratch) noexcept {
  gemm_blocked(problem, scratch);
}

void pack_b_avx2(const GemmProblem& problem, float* packed_b) noexcept {
  pack_b_blocked(problem, packed_b);
}

}  // namespace lstm::kernels
