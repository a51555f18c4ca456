// The functions behind the table in ctc.cpp.
#pragma once

#include "kernels/ctc/ctc.h"

namespace lstm::kernels {

double ctc_ref(const CtcProblem& problem, float* scratch) noexcept;
double ctc_avx2(const CtcProblem& problem, float* scratch) noexcept;
double ctc_avx512(const CtcProblem& problem, float* scratch) noexcept;

}  // namespace lstm::kernels
