// Softmax over Vector (simd/vector_avx2.h or vector_avx512.h, included before): three passes over a row that
// lies in the first-level cache.
#pragma once

#include <math.h>

#include "kernels/simd/exponential.h"
#include "kernels/simd/largest.h"
#include "kernels/softmax/softmax_variants.h"

namespace lstm::kernels {
namespace {

void softmax_vector(const SoftmaxProblem& problem) noexcept {
  for (int row = 0; row < problem.rows; ++row) {
    const float* x = problem.logits + row * problem.logits_stride;
    float* d = problem.d_logits + row * problem.d_logits_stride;
    const int label = problem.labels[row];
    const float largest = largest_of(x, problem.classes);
    const float of_label = x[label] - largest;
    Vector sums = Vector::zero();
    for (int k = 0; k < problem.classes; k += Vector::kLanes) {
      const Vector::Mask mask = Vector::first(problem.classes - k);
      const Vector e = exponential_of_negative(Vector::load(x + k, mask) - Vector::broadcast(largest));
      e.store(d + k, mask);
      sums = sums + select(mask, e, Vector::zero());
    }
    const float total = sum(sums);
    problem.losses[row] = logf(total) - of_label;
    const Vector factor = Vector::broadcast(problem.scale / total);
    for (int k = 0; k < problem.classes; k += Vector::kLanes) {
      const Vector::Mask mask = Vector::first(problem.classes - k);
      (Vector::load(d + k, mask) * factor).store(d + k, mask);
    }
    d[label] -= problem.scale;
  }
}

}  // namespace
}  // namespace lstm::kernels
