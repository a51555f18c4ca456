// The functions behind the table in gemm.cpp.
#pragma once

#include "kernels/gemm/gemm.h"

namespace lstm::kernels {

void gemm_ref(const GemmProblem& problem, float* scratch) noexcept;
void pack_b_ref(const GemmProblem& problem, float* packed_b) noexcept;
void gemm_avx2(const GemmProblem& problem, float* scratch) noexcept;
void pack_b_avx2(const GemmProblem& problem, float* packed_b) noexcept;
void gemm_avx512(const GemmProblem& problem, float* scratch) noexcept;
void pack_b_avx512(const GemmProblem& problem, float* packed_b) noexcept;

}  // namespace lstm::kernels
