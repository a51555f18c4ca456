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
  // Where given, op(B) as pack_b wrote it; b, ldb and transpose_b are not read.
  const float* packed_b = nullptr;
  float* c = nullptr;  // (m, n)
  int ldc = 0;
  float beta = 0.0f;  // 0: C is written without being read
};

struct GemmFunctions {
  // One thread's share; `scratch` holds gemm_scratch_size() floats. An element of C has the same bits
  // whatever the m and n of the problem that it is computed in.
  void (*multiply)(const GemmProblem& problem, float* scratch) noexcept;
  // Writes op(B) (k, n) of a problem for products of the same variant. Column j begins at j * k for all
  // multiples j of kPackedColumns.
  void (*pack_b)(const GemmProblem& problem, float* packed_b) noexcept;
};

inline constexpr int kPackedColumns = 32;
// Floats that pack_b writes.
constexpr std::size_t packed_b_size(int n, int k) {
  const int columns = (n + kPackedColumns - 1) / kPackedColumns * kPackedColumns;
  return static_cast<std::size_t>(columns) * static_cast<std::size_t>(k);
}

std::span<const Variant<GemmFunctions>> gemm_variants();
// Floats of scratch that any variant needs for any problem.
std::size_t gemm_scratch_size();

// The matrix product of the basic and fused engines, and of the head of all: splits C over the team. Same
// bits at every number of threads.
class Gemm {
 public:
  Gemm(Isa isa, cpu::ThreadTeam& team);
  void operator()(const GemmProblem& problem);
  // Packs op(B) of a problem, of which n, k and B are read, for many products: packed_b_size(n, k) floats.
  void pack_b(const GemmProblem& problem, float* packed_b);
  std::string_view variant() const { return variant_->name; }

 private:
  const Variant<GemmFunctions>* variant_;
  cpu::ThreadTeam* team_;
  std::vector<cpu::Memory> scratch_;  // one a thread
};

}  // namespace lstm::kernels
