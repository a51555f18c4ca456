#include <algorithm>
#include <array>

#include "kernels/gemm/gemm_variants.h"

namespace lstm::kernels {
namespace {

struct A {
  const GemmProblem& p;
  float operator()(long i, long k) const {
    return p.transpose_a ? p.a[k * p.lda + i] : p.a[i * static_cast<long>(p.lda) + k];
  }
};

// c = beta * c + sum
void finish(float beta, float sum, float& c) {
  c = beta == 0.0f ? sum : beta * c + sum;
}

// kPackedColumns sums at a time, which a compiler can hold in vectors.
void multiply_packed(const GemmProblem& p) {
  const A a{p};
  for (long i = 0; i < p.m; ++i) {
    for (long j = 0; j < p.n; j += kPackedColumns) {
      std::array<float, kPackedColumns> sums{};
      for (long k = 0; k < p.k; ++k) {
        const float factor = a(i, k);
        const float* const b = p.packed_b + j * p.k + k * kPackedColumns;
        for (std::size_t l = 0; l < sums.size(); ++l) sums[l] += factor * b[l];
      }
      float* const c = p.c + i * static_cast<long>(p.ldc) + j;
      const long columns = std::min<long>(kPackedColumns, p.n - j);
      for (long l = 0; l < columns; ++l) finish(p.beta, sums[static_cast<std::size_t>(l)], c[l]);
    }
  }
}

}  // namespace

// Row by row of C: where B lies in rows of k, by adding multiples of them, since that walks memory in order.
void gemm_ref(const GemmProblem& p, float* /*scratch*/) noexcept {
  if (p.packed_b != nullptr) return multiply_packed(p);
  const A a{p};
  const long ldb = p.ldb, ldc = p.ldc;
  for (long i = 0; i < p.m; ++i) {
    float* const c = p.c + i * ldc;
    if (p.transpose_b) {
      for (long j = 0; j < p.n; ++j) {
        float sum = 0.0f;
        for (long k = 0; k < p.k; ++k) sum += a(i, k) * p.b[j * ldb + k];
        finish(p.beta, sum, c[j]);
      }
    } else {
      for (long j = 0; j < p.n; ++j) c[j] = p.beta == 0.0f ? 0.0f : p.beta * c[j];
      for (long k = 0; k < p.k; ++k) {
        const float factor = a(i, k);
        for (long j = 0; j < p.n; ++j) c[j] += factor * p.b[k * ldb + j];
      }
    }
  }
}

// Panels of kPackedColumns, each (k, kPackedColumns).
void pack_b_ref(const GemmProblem& p, float* packed_b) noexcept {
  const long ldb = p.ldb;
  for (long j = 0; j < p.n; j += kPackedColumns) {
    for (long k = 0; k < p.k; ++k) {
      for (long l = j; l < j + kPackedColumns; ++l) {
        *packed_b++ = l >= p.n ? 0.0f : p.transpose_b ? p.b[l * ldb + k] : p.b[k * ldb + l];
      }
    }
  }
}

}  // namespace lstm::kernels
