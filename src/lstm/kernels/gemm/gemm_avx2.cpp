#include "kernels/simd/vector_avx2.h"

namespace lstm::kernels {
namespace {

// 6 rows x 16 columns: 12 of the 16 registers hold C, 2 hold B, 1 a broadcast element of A.
constexpr int kTileRows = 6, kTileVectors = 2;

}  // namespace
}  // namespace lstm::kernels

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
