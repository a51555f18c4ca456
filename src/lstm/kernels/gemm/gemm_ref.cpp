#include "kernels/gemm/gemm_variants.h"

namespace lstm::kernels {

// Row by row of C: where B lies in rows of k, by adding multiples of them, since that walks memory in order.
void gemm_ref(const GemmProblem& p, float* /*scratch*/) noexcept {
  const long lda = p.lda, ldb = p.ldb, ldc = p.ldc;
  for (long i = 0; i < p.m; ++i) {
    const auto a = [&](long k) { return p.transpose_a ? p.a[k * lda + i] : p.a[i * lda + k]; };
    float* const c = p.c + i * ldc;
    for (long j = 0; j < p.n; ++j) c[j] = p.beta == 0.0f ? 0.0f : p.beta * c[j];
    if (p.transpose_b) {
      for (long j = 0; j < p.n; ++j) {
        float sum = 0.0f;
        for (long k = 0; k < p.k; ++k) sum += a(k) * p.b[j * ldb + k];
        c[j] += sum;
      }
    } else {
      for (long k = 0; k < p.k; ++k) {
        const float factor = a(k);
        for (long j = 0; j < p.n; ++j) c[j] += factor * p.b[k * ldb + j];
      }
    }
  }
}

}  // namespace lstm::kernels
