#include "kernels/gemm/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "lstm/kernels/gemm/emulated.h"
#include "lstm/kernels/variants.h"

namespace lstm::kernels {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// A problem with its data, each matrix a little wider in memory than it is.
struct Case {
  bool transpose_a, transpose_b;
  int m, n, k;
  float beta;
  std::vector<float> a, b, c;
  int lda, ldb, ldc;

  Case(std::mt19937& random, bool ta, bool tb, int m_, int n_, int k_, float beta_)
      : transpose_a(ta), transpose_b(tb), m(m_), n(n_), k(k_), beta(beta_) {
    const auto padding = [&] { return static_cast<int>(random() % 4); };
    lda = (ta ? m : k) + padding();
    ldb = (tb ? k : n) + padding();
    ldc = n + padding();
    a = numbers(random, (ta ? k : m), lda);
    b = numbers(random, (tb ? n : k), ldb);
    c = numbers(random, m, ldc);
  }

  static std::vector<float> numbers(std::mt19937& random, int rows, int stride) {
    std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
    std::vector<float> values(static_cast<std::size_t>(rows * stride) + 1);
    for (float& value : values) value = uniform(random);
    return values;
  }

  GemmProblem problem() {
    return {.transpose_a = transpose_a,
            .transpose_b = transpose_b,
            .m = m,
            .n = n,
            .k = k,
            .a = a.data(),
            .lda = lda,
            .b = b.data(),
            .ldb = ldb,
            .c = c.data(),
            .ldc = ldc,
            .beta = beta};
  }

  double exact(int i, int j) const {
    double sum = beta == 0.0f ? 0.0 : double{beta} * c[static_cast<std::size_t>(i * ldc + j)];
    for (int l = 0; l < k; ++l) {
      const double x = a[static_cast<std::size_t>(transpose_a ? l * lda + i : i * lda + l)];
      const double y = b[static_cast<std::size_t>(transpose_b ? j * ldb + l : l * ldb + j)];
      sum += x * y;
    }
    return sum;
  }

  std::string text() const {
    return "transpose " + std::to_string(transpose_a) + std::to_string(transpose_b) +
           " m=" + std::to_string(m) + " n=" + std::to_string(n) + " k=" + std::to_string(k) +
           " beta=" + std::to_string(beta) + " lda=" + std::to_string(lda) + " ldb=" + std::to_string(ldb) +
           " ldc=" + std::to_string(ldc);
  }
};

// The same, to be computed from packed B alone.
GemmProblem with(const float* packed_b, GemmProblem problem) {
  problem.packed_b = packed_b;
  problem.transpose_b = !problem.transpose_b;
  problem.b = nullptr;
  problem.ldb = -1;
  return problem;
}

// Compares `got`, computed from the problem of `before`, and what must have been left alone.
void expect_exact(const Case& before, const std::vector<float>& got) {
  for (int i = 0; i < before.m; ++i) {
    for (int j = 0; j < before.n; ++j) {
      // k roundings of partial sums of about sqrt(k) / 3 each; a lost product would be an error of about
      // 0.25.
      const double tolerance = 1e-7 * (before.k + 2);
      ASSERT_NEAR(got[static_cast<std::size_t>(i * before.ldc + j)], before.exact(i, j), tolerance)
          << before.text() << " at " << i << ", " << j;
    }
    for (int j = before.n; j < before.ldc; ++j) {
      const auto at = static_cast<std::size_t>(i * before.ldc + j);
      ASSERT_EQ(got[at], before.c[at]) << before.text() << ": wrote beyond row " << i;
    }
  }
  ASSERT_EQ(got.back(), before.c.back()) << before.text() << ": wrote beyond C";
}

class GemmVariant : public testing::TestWithParam<Variant<GemmFunctions>> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam().isa)) GTEST_SKIP() << "skipped: needs " << name(GetParam().isa);
  }

  void multiply(const GemmProblem& problem) {
    GetParam().function.multiply(problem, scratch_.data());
    ASSERT_TRUE(std::isnan(scratch_.back())) << "wrote beyond gemm_scratch_size()";
  }
  void multiply_packed(const GemmProblem& problem) {
    std::vector<float> packed(packed_b_size(problem.n, problem.k) + 1, kNaN);
    GetParam().function.pack_b(problem, packed.data());
    ASSERT_TRUE(std::isnan(packed.back())) << "wrote beyond packed_b_size()";
    multiply(with(packed.data(), problem));
  }

 private:
  std::vector<float> scratch_ = std::vector<float>(gemm_scratch_size() + 1, kNaN);
};
INSTANTIATE_TEST_SUITE_P(Table, GemmVariant, all_of(gemm_variants()), name_of<GemmFunctions>);
INSTANTIATE_TEST_SUITE_P(Emulated, GemmVariant,
                         testing::Values(Variant<GemmFunctions>{"avx512", Isa::portable, gemm_as_avx512()},
                                         Variant<GemmFunctions>{"avx2", Isa::portable, gemm_as_avx2()}),
                         name_of<GemmFunctions>);

TEST_P(GemmVariant, MatchesDoublePrecision) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  // Around 1, the widths of vectors and tiles, and beyond one block of k.
  const auto size = [&](int most) {
    const int sizes[] = {1, 2, 3, 5, 6, 7, 13, 14, 15, 16, 17, 28, 31, 32, 33, 64, most};
    return random() % 3 == 0 ? 1 + static_cast<int>(random() % static_cast<unsigned>(most))
                             : sizes[random() % std::size(sizes)];
  };
  for (int round = 0; round < 400; ++round) {
    const float beta = std::array{0.0f, 1.0f, -0.5f}[random() % 3];
    Case tested(random, random() % 2, random() % 2, size(90), size(90), size(700), beta);
    if (beta == 0.0f) {  // C must not be read
      for (int i = 0; i < tested.m; ++i) std::fill_n(tested.c.data() + i * tested.ldc, tested.n, kNaN);
    }
    const Case before = tested;
    multiply(tested.problem());
    expect_exact(before, tested.c);
    tested.c = before.c;
    multiply_packed(tested.problem());
    expect_exact(before, tested.c);
    if (HasFatalFailure()) return;
  }
}

TEST_P(GemmVariant, CrossesTheEdgesOfItsBlocks) {
  std::mt19937 random(7);
  for (const auto& [m, n, k] : {std::array{400, 33, 40}, std::array{20, 1100, 70}, std::array{9, 17, 1400}}) {
    for (const bool transpose : {false, true}) {
      Case tested(random, transpose, !transpose, m, n, k, 1.0f);
      const Case before = tested;
      multiply(tested.problem());
      expect_exact(before, tested.c);
      tested.c = before.c;
      multiply_packed(tested.problem());
      expect_exact(before, tested.c);
    }
  }
}

TEST_P(GemmVariant, PropagatesNaNAndInfinityEvenAgainstZeros) {
  std::mt19937 random(3);
  for (const float poison : {kNaN, std::numeric_limits<float>::infinity()}) {
    for (const bool transpose : {false, true}) {
      Case tested(random, transpose, transpose, 19, 37, 21, 0.0f);
      std::fill(tested.a.begin(), tested.a.end(), 0.0f);
      tested.b[static_cast<std::size_t>(transpose ? 5 * tested.ldb + 4 : 4 * tested.ldb + 5)] =
          poison;  // k 4, n 5
      multiply(tested.problem());
      for (int i = 0; i < tested.m; ++i) {
        for (int j = 0; j < tested.n; ++j) {
          const float value = tested.c[static_cast<std::size_t>(i * tested.ldc + j)];
          ASSERT_EQ(std::isnan(value), j == 5) << i << ", " << j;
        }
      }
    }
  }
}

TEST_P(GemmVariant, WithoutProductsScalesC) {
  std::mt19937 random(5);
  for (const float beta : {0.0f, 2.0f}) {
    Case tested(random, false, false, 17, 35, 0, beta);
    const Case before = tested;
    multiply(tested.problem());
    expect_exact(before, tested.c);
  }
}

class GemmThreads : public GemmVariant {};
INSTANTIATE_TEST_SUITE_P(Table, GemmThreads, all_of(gemm_variants()), name_of<GemmFunctions>);

TEST_P(GemmThreads, GivesTheSameBitsAtEveryNumberOfThreads) {
  std::mt19937 random(11);
  for (const auto& [m, n, k] :
       {std::array{64, 200, 33}, std::array{333, 40, 350}, std::array{1, 1, 5}, std::array{3, 2, 641}}) {
    for (const bool transpose : {false, true}) {
      Case original(random, transpose, !transpose, m, n, k, 1.0f);
      std::vector<float> single, single_packed;
      for (const int threads : {1, 2, 3, 5}) {
        Case tested = original;
        cpu::ThreadTeam team(threads);
        Gemm gemm(GetParam().isa, team);
        EXPECT_EQ(gemm.variant(), GetParam().name);
        gemm(tested.problem());
        if (threads == 1) {
          expect_exact(original, tested.c);
          single = tested.c;
        }
        ASSERT_EQ(std::memcmp(tested.c.data(), single.data(), single.size() * sizeof(float)), 0)
            << original.text() << " threads " << threads;

        std::vector<float> packed(packed_b_size(n, k), kNaN);
        gemm.pack_b(tested.problem(), packed.data());
        tested.c = original.c;
        gemm(with(packed.data(), tested.problem()));
        if (threads == 1) {
          expect_exact(original, tested.c);
          single_packed = tested.c;
        }
        ASSERT_EQ(std::memcmp(tested.c.data(), single_packed.data(), single_packed.size() * sizeof(float)), 0)
            << original.text() << " packed, threads " << threads;
      }
    }
  }
}

}  // namespace
}  // namespace lstm::kernels
