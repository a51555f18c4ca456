// The innermost loop runs along a row of B and C, so that the compiler vectorises it without changing the
// order of any sum; four values of k share one pass over the row of C.
#include "reference/matrix.h"

#include <cstddef>

namespace lstm::reference {
namespace {

// C (m, n) += A * B, where A(i, p) lies at a[i * row_stride + p * column_stride].
void add_strided_product(int m, int n, int k, const double* a, std::ptrdiff_t row_stride,
                         std::ptrdiff_t column_stride, const double* b, double* c) {
  for (int i = 0; i < m; ++i) {
    const double* a_row = a + i * row_stride;
    double* __restrict__ c_row = c + static_cast<std::ptrdiff_t>(i) * n;
    int p = 0;
    for (; p + 4 <= k; p += 4) {
      const double a0 = a_row[p * column_stride], a1 = a_row[(p + 1) * column_stride];
      const double a2 = a_row[(p + 2) * column_stride], a3 = a_row[(p + 3) * column_stride];
      const double* b0 = b + static_cast<std::ptrdiff_t>(p) * n;
      const double *b1 = b0 + n, *b2 = b1 + n, *b3 = b2 + n;
      for (int j = 0; j < n; ++j) c_row[j] += a0 * b0[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j];
    }
    for (; p < k; ++p) {
      const double a0 = a_row[p * column_stride];
      const double* b0 = b + static_cast<std::ptrdiff_t>(p) * n;
      for (int j = 0; j < n; ++j) c_row[j] += a0 * b0[j];
    }
  }
}

}  // namespace

void add_product(int m, int n, int k, const double* a, const double* b, double* c) {
  add_strided_product(m, n, k, a, k, 1, b, c);
}

void add_transposed_product(int m, int n, int k, const double* a, const double* b, double* c) {
  add_strided_product(m, n, k, a, 1, m, b, c);
}

}  // namespace lstm::reference
