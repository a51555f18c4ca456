#include <cmath>

#include "kernels/adam/adam_variants.h"

namespace lstm::kernels {

void adam_ref(const AdamProblem& problem, const AdamFactors& f) noexcept {
  for (std::size_t i = 0; i < problem.count; ++i) {
    const float g = problem.gradients[i];
    float& m = problem.first_moments[i];
    float& v = problem.second_moments[i];
    m += f.weight1 * (g - m);
    v = f.beta2 * v + f.weight2 * g * g;
    float& p = problem.parameters[i];
    p = f.decay * p - f.step_size * m / (std::sqrt(v) * f.root_scale + f.epsilon);
  }
}

}  // namespace lstm::kernels
