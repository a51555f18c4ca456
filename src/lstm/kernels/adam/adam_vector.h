// Adam over Vector (simd/vector_avx2.h or vector_avx512.h, included before): bound by memory, seven streams.
#pragma once

#include "kernels/adam/adam_variants.h"

namespace lstm::kernels {
namespace {

void adam_vector(const AdamProblem& problem, const AdamFactors& f) noexcept {
  const Vector weight1 = Vector::broadcast(f.weight1), beta2 = Vector::broadcast(f.beta2);
  const Vector weight2 = Vector::broadcast(f.weight2), root_scale = Vector::broadcast(f.root_scale);
  const Vector epsilon = Vector::broadcast(f.epsilon), step_size = Vector::broadcast(f.step_size);
  const Vector decay = Vector::broadcast(f.decay);
  // load(p), store(p, vector): the elements that are updated, of one of the arrays.
  const auto update = [&](const auto& load, const auto& store) {
    const Vector g = load(problem.gradients);
    Vector m = load(problem.first_moments);
    Vector v = load(problem.second_moments);
    m = multiply_add(weight1, g - m, m);
    v = multiply_add(beta2, v, weight2 * g * g);
    const Vector divisor = multiply_add(square_root(v), root_scale, epsilon);
    store(problem.first_moments, m);
    store(problem.second_moments, v);
    store(problem.parameters, decay * load(problem.parameters) - step_size * m / divisor);
  };
  std::size_t i = 0;
  for (; i + Vector::kLanes <= problem.count; i += Vector::kLanes) {
    update([i](const float* p) { return Vector::load(p + i); },
           [i](float* p, const Vector& value) { value.store(p + i); });
  }
  if (i == problem.count) return;
  const Vector::Mask rest = Vector::first(static_cast<long>(problem.count - i));
  update([i, rest](const float* p) { return Vector::load(p + i, rest); },
         [i, rest](float* p, const Vector& value) { value.store(p + i, rest); });
}

}  // namespace
}  // namespace lstm::kernels
