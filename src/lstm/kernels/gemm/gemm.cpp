#include "kernels/gemm/gemm.h"

#include <algorithm>
#include <array>

#include "kernels/gemm/gemm_block_sizes.h"
#include "kernels/gemm/gemm_variants.h"

namespace lstm::kernels {
namespace {

constexpr std::array<Variant<GemmFunction>, 3> kVariants = {{
    {"avx512", Isa::avx512, gemm_avx512},
    {"avx2", Isa::avx2, gemm_avx2},
    {"ref", Isa::portable, gemm_ref},
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

// Every thread packs the whole of the matrix on the side that is not split, so the longer side is split.
GemmProblem share(const GemmProblem& whole, int threads, int thread) {
  GemmProblem part = whole;
  if (whole.m >= whole.n) {
    constexpr int kUnit = 4;  // small, since tiles share rows out evenly
    const auto [start, size] = share(whole.m, kUnit, threads, thread);
    part.m = size;
    part.a += whole.transpose_a ? start : static_cast<std::ptrdiff_t>(start) * whole.lda;
    part.c += static_cast<std::ptrdiff_t>(start) * whole.ldc;
  } else {
    constexpr int kUnit = 32;  // the columns of the widest tile
    const auto [start, size] = share(whole.n, kUnit, threads, thread);
    part.n = size;
    part.b += whole.transpose_b ? static_cast<std::ptrdiff_t>(start) * whole.ldb : start;
    part.c += start;
  }
  return part;
}

}  // namespace

std::span<const Variant<GemmFunction>> gemm_variants() {
  return kVariants;
}

std::size_t gemm_scratch_size() {
  return static_cast<std::size_t>((kBlockRows + kBlockColumns) * kBlockDepth);
}

Gemm::Gemm(Isa isa, cpu::ThreadTeam& team) : variant_(&select(gemm_variants(), isa)), team_(&team) {
  for (int thread = 0; thread < team.threads(); ++thread) {
    scratch_.emplace_back(gemm_scratch_size() * sizeof(float));
  }
}

void Gemm::operator()(const GemmProblem& problem) {
  team_->run([&](int thread) {
    auto* const scratch = reinterpret_cast<float*>(scratch_[static_cast<std::size_t>(thread)].data());
    variant_->function(share(problem, team_->threads(), thread), scratch);
  });
}

}  // namespace lstm::kernels
