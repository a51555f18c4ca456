#include "kernels/gemm/gemm.h"

#include <algorithm>
#include <array>

#include "kernels/gemm/gemm_block_sizes.h"
#include "kernels/gemm/gemm_variants.h"

namespace lstm::kernels {
namespace {

constexpr std::array<Variant<GemmFunctions>, 3> kVariants = {{
    {"avx512", Isa::avx512, {gemm_avx512, pack_b_avx512}},
    {"avx2", Isa::avx2, {gemm_avx2, pack_b_avx2}},
    {"ref", Isa::portable, {gemm_ref, pack_b_ref}},
}};

struct Range {
  int start, size;
};

// The part of 0..size that falls to a thread, in whole multiples of `unit` but for the last.
Range share(int size, int unit, int threads, int thread) {
  const long units = (size + unit - 1) / unit;
  const auto bound = [&](long t) {
    return static_cast<int>(std::min<long>(size, units * t / threads * unit));
  };
  return {bound(thread), bound(thread + 1) - bound(thread)};
}

GemmProblem rows_of(const GemmProblem& whole, Range rows) {
  GemmProblem part = whole;
  part.m = rows.size;
  part.a += whole.transpose_a ? rows.start : static_cast<std::ptrdiff_t>(rows.start) * whole.lda;
  part.c += static_cast<std::ptrdiff_t>(rows.start) * whole.ldc;
  return part;
}

// Packed columns must begin at a multiple of kPackedColumns.
GemmProblem columns_of(const GemmProblem& whole, Range columns) {
  GemmProblem part = whole;
  part.n = columns.size;
  if (whole.packed_b != nullptr) {
    part.packed_b += static_cast<std::ptrdiff_t>(columns.start) * whole.k;
  } else {
    part.b += whole.transpose_b ? static_cast<std::ptrdiff_t>(columns.start) * whole.ldb : columns.start;
  }
  if (whole.c != nullptr) part.c += columns.start;
  return part;
}

// Every thread packs the whole of the matrix on the side that is not split, so the longer side is split.
GemmProblem share(const GemmProblem& whole, int threads, int thread) {
  constexpr int kRows = 4;  // small, since tiles share rows out evenly
  return whole.m >= whole.n ? rows_of(whole, share(whole.m, kRows, threads, thread))
                            : columns_of(whole, share(whole.n, kPackedColumns, threads, thread));
}

}  // namespace

std::span<const Variant<GemmFunctions>> gemm_variants() {
  return kVariants;
}

std::size_t gemm_scratch_size() {
  return static_cast<std::size_t>((kBlockRows + kBlockColumns) * kBlockDepth + kOverrun);
}

Gemm::Gemm(Isa isa, cpu::ThreadTeam& team) : variant_(&select(gemm_variants(), isa)), team_(&team) {
  for (int thread = 0; thread < team.threads(); ++thread) {
    scratch_.emplace_back(gemm_scratch_size() * sizeof(float));
  }
}

void Gemm::operator()(const GemmProblem& problem) {
  team_->run([&](int thread) {
    auto* const scratch = reinterpret_cast<float*>(scratch_[static_cast<std::size_t>(thread)].data());
    variant_->function.multiply(share(problem, team_->threads(), thread), scratch);
  });
}

void Gemm::pack_b(const GemmProblem& problem, float* packed_b) {
  team_->run([&](int thread) {
    const Range columns = share(problem.n, kPackedColumns, team_->threads(), thread);
    variant_->function.pack_b(columns_of(problem, columns),
                              packed_b + static_cast<std::ptrdiff_t>(columns.start) * problem.k);
  });
}

}  // namespace lstm::kernels
