#include "kernels/gemm/gemm_variants.h"

namespace lstm::kernels {

void gemm_ref(const GemmProblem& p, float* /*scratch*/) noexcept {
  const auto a = [&](std::size_t i, std::size_t k) {
    const auto lda = static_cast<std::size_t>(p.lda);
    return p.transpose_a ? p.a[k * lda + i] : p.a[i * lda + k];
  };
  const auto b = [&](std::size_t k, std::size_t j) {
    const auto ldb = static_cast<std::size_t>(p.ldb);
    return p.transpose_b ? p.b[j * ldb + k] : p.b[k * ldb + j];
  };
  const auto m = static_cast<std::size_t>(p.m), n = static_cast<std::size_t>(p.n);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      float sum = 0.0f;
      for (std::size_t k = 0; k < static_cast<std::size_t>(p.k); ++k) sum += a(i, k) * b(k, j);
      float& c = p.c[i * static_cast<std::size_t>(p.ldc) + j];
      c = p.beta == 0.0f ? sum : p.beta * c + sum;
    }
  }
}

}  // namespace lstm::kernels
