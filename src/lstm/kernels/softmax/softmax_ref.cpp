#include <algorithm>
#include <cmath>

#include "kernels/softmax/softmax_variants.h"

namespace lstm::kernels {

void softmax_ref(const SoftmaxProblem& problem) noexcept {
  for (int row = 0; row < problem.rows; ++row) {
    const float* x = problem.logits + row * problem.logits_stride;
    float* d = problem.d_logits + row * problem.d_logits_stride;
    const int label = problem.labels[row];
    const float largest = *std::max_element(x, x + problem.classes);
    const float of_label = x[label] - largest;
    float sum = 0.0f;
    for (int k = 0; k < problem.classes; ++k) {
      d[k] = std::exp(x[k] - largest);
      sum += d[k];
    }
    problem.losses[row] = std::log(sum) - of_label;
    for (int k = 0; k < problem.classes; ++k) {
      d[k] = problem.scale * (d[k] / sum - (k == label ? 1.0f : 0.0f));
    }
  }
}

}  // namespace lstm::kernels
