// The functions behind the table in adam.cpp.
#pragma once

#include "kernels/adam/adam.h"

namespace lstm::kernels {

void adam_ref(const AdamProblem& problem, const AdamFactors& factors) noexcept;
void adam_avx2(const AdamProblem& problem, const AdamFactors& factors) noexcept;
void adam_avx512(const AdamProblem& problem, const AdamFactors& factors) noexcept;

}  // namespace lstm::kernels
