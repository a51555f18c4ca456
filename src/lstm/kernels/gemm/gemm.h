// C = beta * C + op(A) * op(B) in fp32, row-major.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cpu/memory.h"
#include "cpu/thread_team.h"
#include "kernels/table.h"

namespace lstm::kernels {

struct GemmProblem {
  bool transpose_a = false;  // A is (m, k), or (k, m) where transposed
  bool transpose_b = false;  // B is (k, n), or (n, k) where transposed
  int m = 0, n = 0, k = 0;
  const float* a = nullptr;
  int lda = 0;  // elements from one row of A as stored to the next
  const float* b = nullptr;
  int ldb = 0;
  float* c = nullptr;  // (m, n)
  int ldc = 0;
  float beta = 0.0f;  // 0: C is written without being read
};

// One thread's share; `scratch` holds gemm_scratch_size() floats. An element of C has the same bits whatever
// the m and n of the problem that it is computed in.
using GemmFunction = void (*)(const GemmProblem& problem, float* scratch) noexcept;

std::span<const Variant<GemmFunction>> gemm_variants();
// Floats of scratch that any variant needs for any problem.
std::size_t gemm_scratch_size();

// The matrix product of the basic and fused engines: splits C over the team. Same bits at every number of
// threads.
class Gemm {
 public:
  Gemm(Isa isa, cpu::ThreadTeam& team);
  void operator()(const GemmProblem& problem);
  std::string_view variant() const { return variant_->name; }

 private:
  const Variant<GemmFunction>* variant_;
  cpu::ThreadTeam* team_;
  std::vector<cpu::Memory> scratch_;  // one a thread
};

}  // namespace lstm::kernels
