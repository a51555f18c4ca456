#include "kernels/simd/vector_avx512.h"

namespace lstm::kernels {
namespace {

// 14 rows x 32 columns: 28 of the 32 registers hold C, 2 hold B; elements of A are broadcast by the
// multiply-add.
constexpr int kTileRows = 14, kTileVectors = 2;

}  // namespace
}  // namespace lstm::kernels

#include "kernels/gemm/gemm_blocked.h"
#include "kernels/gemm/gemm_variants.h"

namespace lstm::kernels {

void gemm_avx512(const GemmProblem& problem, float* scratch) noexcept {
  gemm_blocked(problem, scratch);
}

void pack_b_avx512(const GemmProblem& problem, float* packed_b) noexcept {
  pack_b_blocked(problem, packed_b);
}

}  // namespace lstm::kernels
