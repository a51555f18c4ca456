// Adam over Vector (simd/vector_avx2.h or vector_avx512.h, included before): bound by memory, seven streams.
#pragma once

#include "kernels/adam/adam_variants.h"

namespace lstm::kernels {
namespace {

void adam_vector(const AdamProblem& problem, const AdamFactors& f) noexcept {
  const Vector weight1 = Vector::broadcast(f.weight1), beta2 = Vector::broadcast(f.beta2);
  const Vector weight2 = Vector::broadcast(f.weight2), root_scale = Vector::broadcast(f.root_scale);
  const Vector epsilon = Vector::broadcast(f.epsilon), step_size = Vector::broadcast(f.step_size);
  for (std::size_t i = 0; i < problem.count; i += Vector::kLanes) {
    const Vector::Mask mask = Vector::first(static_cast<long>(problem.count - i));
    const Vector g = Vector::load(problem.gradients + i, mask);
    Vector m = Vector::load(problem.first_moments + i, mask);
    Vector v = Vector::load(problem.second_moments + i, mask);
    m = multiply_add(weight1, g - m, m);
    v = multiply_add(beta2, v, weight2 * g * g);
    const Vector divisor = multiply_add(square_root(v), root_scale, epsilon);
    const Vector p = Vector::load(problem.parameters + i, mask) - step_size * m / divisor;
    m.store(problem.first_moments + i, mask);
    v.store(problem.second_moments + i, mask);
    p.store(problem.parameters + i, mask);
  }
}

}  // namespace
}  // namespace lstm::kernels
