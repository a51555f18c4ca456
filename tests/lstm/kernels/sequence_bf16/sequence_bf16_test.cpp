// Every variant against the portable one, which runs the code of the AMX variant on a model of its tiles, and
// that one against plain sums in double.
#include "kernels/sequence_bf16/sequence_bf16.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace lstm::kernels::bf16 {
namespace {

float widened(Bf16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}

class Bf16Kernels : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (is_available(variant().isa)) return;
    GTEST_SKIP() << "skipped: needs " << (variant().isa == Isa::amx ? "amx-bf16" : "avx512-bf16");
  }
  const Variant<Kernels>& variant() const { return variants()[static_cast<std::size_t>(GetParam())]; }
  const Kernels& kernels() const { return variant().function; }
  static const Kernels& portable() { return variants().back().function; }

  std::vector<float> floats(std::size_t count, float scale = 1) {
    std::uniform_real_distribution<float> uniform(-scale, scale);
    std::vector<float> result(count);
    for (float& value : result) value = uniform(random_);
    return result;
  }
  std::vector<Bf16> halves(std::size_t count) {
    std::vector<Bf16> result((count + 31) / 32 * 32);
    portable().round_row(floats(count).data(), static_cast<int>(count), result.data(),
                         static_cast<int>(result.size()));
    return result;
  }
  int between(int first, int last) { return std::uniform_int_distribution<int>(first, last)(random_); }

  std::mt19937 random_{20};
};

INSTANTIATE_TEST_SUITE_P(, Bf16Kernels, ::testing::Range(0, static_cast<int>(variants().size())),
                         [](const auto& parameter) {
                           return std::string(variants()[static_cast<std::size_t>(parameter.param)].name);
                         });

TEST_P(Bf16Kernels, RoundToNearestEvenWithoutSubnormalNumbers) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<float, Bf16>> known = {{1.0f, 0x3f80},
                                                     {0x1.01p0f, 0x3f80},         // half way: to even
                                                     {0x1.03p0f, 0x3f82},         // half way: to even
                                                     {0x1.010002p0f, 0x3f81},     // just above half way
                                                     {-0x1.fffffep127f, 0xff80},  // beyond the largest
                                                     {infinity, 0x7f80},
                                                     {0x1p-127f, 0x0000},
                                                     {-0x1p-140f, 0x8000}};
  for (const auto& [value, expected] : known) {
    Bf16 got[32];
    kernels().round_row(&value, 1, got, 32);
    EXPECT_EQ(got[0], expected) << value;
    for (int i = 1; i < 32; ++i) EXPECT_EQ(got[i], 0);
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Bf16 got[32];
  kernels().round_row(&nan, 1, got, 32);
  EXPECT_TRUE(std::isnan(widened(got[0])));

  const std::vector<float> values = floats(64 * 32, 3.0f);
  std::vector<Bf16> some(values.size()), others(values.size());
  kernels().round_row(values.data(), static_cast<int>(values.size()), some.data(),
                      static_cast<int>(some.size()));
  portable().round_row(values.data(), static_cast<int>(values.size()), others.data(),
                       static_cast<int>(some.size()));
  EXPECT_EQ(some, others);
}

// Rows x K times a matrix of gates, whose columns are packed as K.
TEST_P(Bf16Kernels, MultiplyRowsByPackedWeights) {
  for (int trial = 0; trial < 30; ++trial) {
    const int rows = between(1, 70), inputs = between(1, 100), units = between(1, 40);
    const int K = (inputs + 31) / 32 * 32, blocks = (units + 31) / 32 * 2;
    const std::string what = fmt::format("{} rows, {} inputs, {} units", rows, inputs, units);
    const std::vector<float> matrix = floats(static_cast<std::size_t>(4 * units * inputs));
    std::vector<Bf16> packed(static_cast<std::size_t>(blocks * 64 * K)),
        a(static_cast<std::size_t>(rows * K));
    std::vector<float> x = floats(static_cast<std::size_t>(rows * inputs));
    for (int r = 0; r < rows; ++r)
      kernels().round_row(&x[static_cast<std::size_t>(r * inputs)], inputs,
                          &a[static_cast<std::size_t>(r * K)], K);
    kernels().pack_weights({.units = units,
                            .matrix = matrix.data(),
                            .matrix_row = static_cast<std::size_t>(inputs),
                            .columns = inputs,
                            .first = 0,
                            .last = blocks,
                            .k_tiles = K / 32,
                            .first_k_tile = 0,
                            .packed = packed.data()});
    for (const bool accumulates : {false, true}) {
      std::vector<float> c(static_cast<std::size_t>(rows * blocks * 64), 0.5f);
      kernels().multiply({.rows = rows,
                          .k_tiles = K / 32,
                          .a = a.data(),
                          .a_row = static_cast<std::size_t>(K),
                          .a_tile = static_cast<std::size_t>(16 * K),
                          .a_step = 32,
                          .b = packed.data(),
                          .panels = 2 * blocks,
                          .c = c.data(),
                          .c_row = 64,
                          .c_pair = static_cast<std::size_t>(64 * rows),
                          .accumulates = accumulates,
                          .is_weight_gradient = trial % 2 == 0});
      for (int r = 0; r < rows; ++r) {
        for (int unit = 0; unit < 16 * blocks; ++unit) {
          for (int gate = 0; gate < 4; ++gate) {
            double expected = accumulates ? 0.5 : 0.0;
            for (int k = 0; unit < units && k < inputs; ++k) {
              Bf16 w[32];
              portable().round_row(&matrix[static_cast<std::size_t>((gate * units + unit) * inputs + k)], 1,
                                   w, 32);
              expected += static_cast<double>(widened(a[static_cast<std::size_t>(r * K + k)])) *
                          static_cast<double>(widened(w[0]));
            }
            ASSERT_NEAR(c[static_cast<std::size_t>((unit / 16 * rows + r) * 64 + gate * 16 + unit % 16)],
                        expected, 1e-5 * inputs)
                << what << ", row " << r << ", unit " << unit << ", gate " << gate;
          }
        }
      }
    }
  }
}

// Packing moves numbers: it must agree to the bit. `_left`, `_right` and `_back` are what a product reads, so
// the engine's tests against the reference would show a mistake that both share.
TEST_P(Bf16Kernels, PackAsThePortableOneDoes) {
  for (int trial = 0; trial < 20; ++trial) {
    const int rows = between(1, 100), columns = 32 * between(1, 4), units = between(1, 70),
              inputs = between(1, 70);
    const int k_tiles = (rows + 31) / 32;
    const std::vector<Bf16> from = halves(static_cast<std::size_t>(rows * columns));
    std::vector<const Bf16*> starts;
    for (int r = 0; r < rows; ++r)
      starts.push_back(r % 5 == 3 ? nullptr : &from[static_cast<std::size_t>(r * columns)]);
    const std::vector<float> matrix = floats(static_cast<std::size_t>(4 * units * inputs));
    const int blocks = (units + 31) / 32 * 2, panels = (inputs + 31) / 32;
    const auto results = [&](const Kernels& kernels) {
      std::vector<Bf16> left(static_cast<std::size_t>(columns * k_tiles * 32)), right(left.size());
      std::vector<Bf16> back(static_cast<std::size_t>(panels * 32 * blocks * 64));
      std::vector<float> sums(static_cast<std::size_t>(columns), 1.0f);
      std::vector<float> gradient(matrix.size());
      kernels.pack_left({.rows = rows, .from = starts.data(), .columns = columns, .packed = left.data()});
      kernels.pack_right({.rows = rows,
                          .from = from.data(),
                          .from_row = static_cast<std::size_t>(columns),
                          .panels = columns / 32,
                          .packed = right.data(),
                          .sums = sums.data(),
                          .accumulates = trial % 2 == 0});
      kernels.pack_weights_back({.units = units,
                                 .matrix = matrix.data(),
                                 .matrix_row = static_cast<std::size_t>(inputs),
                                 .columns = inputs,
                                 .first = 0,
                                 .last = panels,
                                 .k_tiles = 2 * blocks,
                                 .first_k_tile = 0,
                                 .packed = back.data()});
      const std::vector<float> packed_gradient = [&] {
        std::vector<float> values(static_cast<std::size_t>(blocks * inputs * 64));
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
        return values;
      }();
      kernels.unpack_gradient({.units = units,
                               .sums = packed_gradient.data(),
                               .sums_block = static_cast<std::size_t>(inputs * 64),
                               .first_block = 0,
                               .last_block = blocks,
                               .columns = inputs,
                               .matrix = gradient.data(),
                               .matrix_row = static_cast<std::size_t>(inputs)});
      for (int unit = 0; unit < units; ++unit) {
        for (int gate = 0; gate < 4; ++gate) {
          for (int column = 0; column < inputs; ++column) {
            const int expected = (unit / 16 * inputs + column) * 64 + gate * 16 + unit % 16;
            EXPECT_EQ(gradient[static_cast<std::size_t>((gate * units + unit) * inputs + column)],
                      static_cast<float>(expected));
          }
        }
      }
      return std::make_tuple(left, right, sums, back);
    };
    EXPECT_EQ(results(kernels()), results(portable()))
        << rows << " rows, " << columns << " columns, " << units << " units";
  }
}

}  // namespace
}  // namespace lstm::kernels::bf16
