// The two matrix products of the reference, in plain loops. All matrices are dense and row-major.
#pragma once

namespace lstm::reference {

// C (m, n) += A (m, k) * B (k, n)
void add_product(int m, int n, int k, const double* a, const double* b, double* c);

// C (m, n) += A^T * B, A (k, m), B (k, n)
void add_transposed_product(int m, int n, int k, const double* a, const double* b, double* c);

}  // namespace lstm::reference
