// The functions behind the table in softmax.cpp.
#pragma once

#include "kernels/softmax/softmax.h"

namespace lstm::kernels {

void softmax_ref(const SoftmaxProblem& problem) noexcept;
void softmax_avx2(const SoftmaxProblem& problem) noexcept;
void softmax_avx512(const SoftmaxProblem& problem) noexcept;

}  // namespace lstm::kernels
