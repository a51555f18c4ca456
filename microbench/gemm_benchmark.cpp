// One thread's matrix products in the shapes of the 320-unit workloads; time steps are cut to a few thousand
// rows.
#include "kernels/gemm/gemm.h"

#include <fmt/format.h>

#include "variants.h"

namespace lstm::microbench {
namespace {

struct Shape {
  const char* what;
  bool transpose_a, transpose_b;
  int m, n, k;
  bool packed = false;  // B, before
  float beta = 0.0f;
};

constexpr Shape kShapes[] = {
    {"step", false, true, 64, 1280, 320},
    {"step", false, true, 32, 1280, 320},
    {"step-packed", false, true, 32, 1280, 320, true},
    {"step-backward", false, false, 32, 320, 1280},
    {"step-backward-packed", false, false, 32, 320, 1280, true},
    {"step-dR", true, false, 1280, 320, 32, false, 1.0f},
    {"input", false, true, 3200, 1280, 123},
    {"input", false, true, 3200, 1280, 640},
    {"dx", false, false, 3200, 640, 1280},
    {"dR", true, false, 1280, 320, 3200},
    {"dW", true, false, 1280, 123, 3200},
    {"head", false, true, 3200, 59, 640},
};

const bool kRegistered = [] {
  for (const Shape& s : kShapes) {
    const auto name = fmt::format("gemm/{}/m{}n{}k{}", s.what, s.m, s.n, s.k);
    register_variants(kernels::gemm_variants(), name, [s](benchmark::State& state, auto functions) {
      const auto m = static_cast<std::size_t>(s.m), n = static_cast<std::size_t>(s.n);
      const auto k = static_cast<std::size_t>(s.k);
      const auto a = random_floats(m * k), b = random_floats(n * k);
      std::vector<float> c(m * n), scratch(kernels::gemm_scratch_size());
      kernels::GemmProblem problem{.transpose_a = s.transpose_a,
                                   .transpose_b = s.transpose_b,
                                   .m = s.m,
                                   .n = s.n,
                                   .k = s.k,
                                   .a = a.data(),
                                   .lda = s.transpose_a ? s.m : s.k,
                                   .b = b.data(),
                                   .ldb = s.transpose_b ? s.k : s.n,
                                   .c = c.data(),
                                   .ldc = s.n,
                                   .beta = s.beta};
      std::vector<float> packed(s.packed ? kernels::packed_b_size(s.n, s.k) : 0);
      if (s.packed) {
        functions.pack_b(problem, packed.data());
        problem.packed_b = packed.data();
      }
      for (auto _ : state) {
        functions.multiply(problem, scratch.data());
        benchmark::ClobberMemory();
      }
      set_rate(state, "FLOP/s", 2.0 * static_cast<double>(m * n * k));
    });
  }
  return true;
}();

}  // namespace
}  // namespace lstm::microbench
