// Every variant, for operands in one part and in two: products against plain sums in double, packing against
// the portable variant, which runs the code of the AMX variant on a model of its tiles.
#include "kernels/sequence_bf16/sequence_bf16.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <tuple>
#include <vector>

#include "cpu/memory.h"
#include "lstm/cpu/needed_instructions.h"
#include "lstm/engines/random_problem.h"
#include "lstm/kernels/sequence_bf16/emulated.h"

namespace lstm::kernels::bf16 {
namespace {

float widened(Bf16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}

std::vector<Variant<Kernels>> all_variants(int parts) {
  const auto real = variants(parts);
  std::vector<Variant<Kernels>> all(real.begin(), real.end());
  all.push_back({"emulated_avx512bf16", Isa::portable, as_avx512bf16(parts)});
  all.push_back({"emulated_avx512", Isa::portable, as_avx512(parts)});
  return all;
}

// How rows lie: one behind the other, or side by side, all of them or 16.
enum class Layout { behind, beside, in_tiles };

// Rows of numbers in one of the layouts, from what lies one row behind the other, and back.
class LaidRows {
 public:
  LaidRows(int parts, int rows, int columns, Layout layout)
      : row_words_(static_cast<std::size_t>(parts * columns)), count_(rows) {
    const auto P = static_cast<std::size_t>(parts), height = static_cast<std::size_t>(rows);
    if (layout == Layout::behind) rows_ = {nullptr, row_words_, 16 * row_words_, P * 32};
    if (layout == Layout::beside) rows_ = {nullptr, 32, 16 * 32, P * 32 * height};
    if (layout == Layout::in_tiles) rows_ = {nullptr, 32, 16 * row_words_, P * 512};
    parts_ = P;
    words_ = cpu::Memory((height + 15) / 16 * 16 * row_words_ * sizeof(Bf16));
  }
  LaidRows(const std::vector<Bf16>& plain, int parts, int rows, int columns, Layout layout)
      : LaidRows(parts, rows, columns, layout) {
    for_each_piece([&](std::size_t at, Bf16* piece) { std::copy_n(&plain[at], 32, piece); });
  }
  std::vector<Bf16> plain() {
    std::vector<Bf16> result(static_cast<std::size_t>(count_) * row_words_);
    for_each_piece([&](std::size_t at, Bf16* piece) { std::copy_n(piece, 32, &result[at]); });
    return result;
  }
  Rows rows() { return {words(), rows_.row, rows_.tile, rows_.step}; }
  ConstRows const_rows() const { return {words(), rows_.row, rows_.tile, rows_.step}; }
  ConstRow row(int r) const { return {const_rows().at(r), rows_.step}; }

 private:
  Bf16* words() const { return reinterpret_cast<Bf16*>(words_.data()); }
  // body(where 32 words of a part lie in a plain copy, and here).
  template <class Body>
  void for_each_piece(const Body& body) {
    for (int r = 0; r < count_; ++r) {
      for (std::size_t i = 0; i < row_words_ / 32; ++i) {
        body(static_cast<std::size_t>(r) * row_words_ + i * 32, rows().at(r) + i * (rows_.step / parts_));
      }
    }
  }
  std::size_t row_words_, parts_ = 1;
  int count_;
  Rows rows_;          // without a start
  cpu::Memory words_;  // at cache lines, as the engine's
};

// A variant and the number of parts.
class Bf16Kernels : public ::testing::TestWithParam<std::tuple<int, int>> {
 protected:
  void SetUp() override {
    if (is_available(variant().isa)) return;
    GTEST_SKIP() << "skipped: needs " << testing::needed_instructions(variant().isa);
  }
  int P() const { return std::get<1>(GetParam()); }
  Variant<Kernels> variant() const {
    return all_variants(P())[static_cast<std::size_t>(std::get<0>(GetParam()))];
  }
  Kernels kernels() const { return variant().function; }
  Kernels portable() const { return variants(P()).back().function; }

  std::vector<float> floats(int count, float scale = 1) {
    std::uniform_real_distribution<float> uniform(-scale, scale);
    std::vector<float> result(static_cast<std::size_t>(count));
    for (float& value : result) value = uniform(random_);
    return result;
  }
  // (rows, columns / 32, P, 32), rounded by the portable variant.
  std::vector<Bf16> operand(int rows, int columns) {
    std::vector<Bf16> result(words(rows * columns));
    const std::vector<float> values = floats(rows * columns);
    for (int r = 0; r < rows; ++r) {
      portable().round_row(&values[static_cast<std::size_t>(r * columns)], columns,
                           &result[words(r * columns)], words(32), columns);
    }
    return result;
  }
  LaidRows laid(const std::vector<Bf16>& plain, int rows, int columns, Layout layout) const {
    return {plain, P(), rows, columns, layout};
  }
  Layout any_layout() { return static_cast<Layout>(between(0, 2)); }
  // Panels of as many numbers, a multiple of kStepElements.
  std::vector<Bf16> panels(int count) {
    const std::vector<Bf16> row = operand(1, count);
    std::vector<Bf16> result(row.size());
    const auto P = static_cast<std::size_t>(this->P());
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      for (std::size_t part = 0; part < P; ++part) {
        result[(i / kStepElements * P + part) * kStepElements + i % kStepElements] =
            row[(i / 32 * P + part) * 32 + i % 32];
      }
    }
    return result;
  }
  // One number as it is held by an operand.
  double held(float value) const {
    std::vector<Bf16> row(words(32));
    portable().round_row(&value, 1, row.data(), words(32), 32);
    return static_cast<double>(widened(row[0])) + (P() == 2 ? static_cast<double>(widened(row[32])) : 0.0);
  }
  std::size_t words(int count) const { return static_cast<std::size_t>(P() * count); }
  int between(int first, int last) { return std::uniform_int_distribution<int>(first, last)(random_); }

  std::mt19937 random_{20};
};

std::string text(const ::testing::TestParamInfo<std::tuple<int, int>>& parameter) {
  const auto [variant, parts] = parameter.param;
  return fmt::format("{}_{}", all_variants(parts)[static_cast<std::size_t>(variant)].name,
                     parts == 1 ? "bf16" : "bf16x3");
}

INSTANTIATE_TEST_SUITE_P(, Bf16Kernels,
                         ::testing::Combine(::testing::Range(0, static_cast<int>(all_variants(1).size())),
                                            ::testing::Values(1, 2)),
                         text);

TEST_P(Bf16Kernels, RoundToNearestEvenWithoutSubnormalNumbers) {
  const std::vector<std::pair<float, Bf16>> known = {
      {1.0f, 0x3f80},          {0x1.01p0f, 0x3f80},  // half way: to even
      {0x1.03p0f, 0x3f82},                           // half way: to even
      {0x1.010002p0f, 0x3f81},                       // just above half way
      {0x1p-127f, 0x0000},     {-0x1p-140f, 0x8000}};
  std::vector<Bf16> got(words(32));
  for (const auto& [value, expected] : known) {
    kernels().round_row(&value, 1, got.data(), words(32), 32);
    EXPECT_EQ(got[0], expected) << value;
    for (int i = 1; i < 32; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], 0);
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  kernels().round_row(&nan, 1, got.data(), words(32), 32);
  EXPECT_TRUE(std::isnan(widened(got[0])));

  const std::vector<float> values = floats(64 * 32, 3.0f);
  const int count = static_cast<int>(values.size());
  std::vector<Bf16> some(words(count)), others(words(count));
  kernels().round_row(values.data(), count, some.data(), words(32), count);
  portable().round_row(values.data(), count, others.data(), words(32), count);
  EXPECT_EQ(some, others);
}

// Two parts cannot hold infinity: hi - lo would be no number.
TEST_P(Bf16Kernels, RoundWhatIsBeyondTheLargestNumber) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float value : {infinity, 0x1.fffffep127f}) {
    for (const float sign : {1.0f, -1.0f}) {
      const float signed_value = sign * value;
      std::vector<Bf16> got(words(32));
      kernels().round_row(&signed_value, 1, got.data(), words(32), 32);
      EXPECT_EQ(widened(got[0]), sign * (P() == 1 ? infinity : 0x1.fep127f));
      if (P() == 2) {
        EXPECT_EQ(widened(got[32]), 0.0f);
      }
    }
  }
}

TEST_P(Bf16Kernels, HoldNumbersToTheirParts) {
  const double error = P() == 1 ? 0x1p-8 : 0x1p-16;
  std::vector<float> values = floats(20 * 32, 2.0f);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = std::ldexp(values[i], static_cast<int>(i % 40) - 20);
  const int count = static_cast<int>(values.size());
  std::vector<Bf16> row(words(count));
  std::vector<float> back(values.size());
  kernels().round_row(values.data(), count, row.data(), words(32), count);
  kernels().widen_row({row.data(), words(32)}, count, back.data());
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(back[i], values[i], error * std::abs(static_cast<double>(values[i])));
    worst = std::max(worst, std::abs(static_cast<double>(back[i]) / static_cast<double>(values[i]) - 1));
  }
  EXPECT_GT(worst, error / 4);  // of one part, not of two; of two, not of fp32
}

// Rows x K times a matrix of gates, whose columns are packed as K.
TEST_P(Bf16Kernels, MultiplyRowsByPackedWeights) {
  for (int trial = 0; trial < 30; ++trial) {
    const bool is_in_pieces = trial % 10 == 9;  // K does not stay in the first-level cache
    const int rows = between(1, 70), inputs = between(1, is_in_pieces ? 900 : 100), units = between(1, 40);
    const int K = (inputs + 31) / 32 * 32, blocks = (units + 31) / 32 * 2;
    const std::string what = fmt::format("{} rows, {} inputs, {} units", rows, inputs, units);
    const std::vector<float> matrix = floats(4 * units * inputs), x = floats(rows * inputs);
    std::vector<Bf16> packed(words(blocks * 64 * K)), a(words(rows * K));
    for (int r = 0; r < rows; ++r)
      kernels().round_row(&x[static_cast<std::size_t>(r * inputs)], inputs, &a[words(r * K)], words(32), K);
    kernels().pack_weights({.units = units,
                            .matrix = matrix.data(),
                            .matrix_row = static_cast<std::size_t>(inputs),
                            .columns = inputs,
                            .first = 0,
                            .last = blocks,
                            .k_tiles = K / 32,
                            .first_k_tile = 0,
                            .packed = packed.data()});
    const LaidRows a_rows = laid(a, rows, K, any_layout());
    std::vector<double> weights, left;
    for (const float value : matrix) weights.push_back(held(value));
    for (const float value : x) left.push_back(held(value));
    for (const bool accumulates : {false, true}) {
      std::vector<float> c(static_cast<std::size_t>(rows * blocks * 64), 0.5f);
      kernels().multiply({.rows = rows,
                          .k_tiles = K / 32,
                          .a = a_rows.const_rows(),
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
            double expected = accumulates ? 0.5 : 0.0, magnitude = expected;
            for (int k = 0; unit < units && k < inputs; ++k) {
              const double product = left[static_cast<std::size_t>(r * inputs + k)] *
                                     weights[static_cast<std::size_t>((gate * units + unit) * inputs + k)];
              expected += product;
              magnitude += std::abs(product);
            }
            // fp32 sums; and of two parts lo * lo (2^-8 * 2^-8), which is left out.
            const double tolerance = 0x1p-22 * std::sqrt(inputs) + (P() == 2 ? 0x1p-16 : 0.0);
            ASSERT_NEAR(c[static_cast<std::size_t>((unit / 16 * rows + r) * 64 + gate * 16 + unit % 16)],
                        expected, tolerance * magnitude)
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
    const int all_columns = columns + 32 * between(0, 2),
              first_panel = between(0, (all_columns - columns) / 32);
    // Rows that lie differently, as those of several time steps do.
    const LaidRows some = laid(operand(rows, all_columns), rows, all_columns, Layout::beside);
    const LaidRows others = laid(operand(rows, all_columns), rows, all_columns, any_layout());
    std::vector<ConstRow> starts, right_rows;
    for (int r = 0; r < rows; ++r) {
      right_rows.push_back((r % 3 == 0 ? some : others).row(r));
      starts.push_back(r % 5 == 3 ? ConstRow{} : right_rows.back());
    }
    const std::vector<float> matrix = floats(4 * units * inputs);
    const int blocks = (units + 31) / 32 * 2, panels = (inputs + 31) / 32;
    const auto results = [&](const Kernels& kernels) {
      std::vector<Bf16> left(words(columns * k_tiles * 32)), right(left.size());
      std::vector<Bf16> back(words(panels * 32 * blocks * 64));
      std::vector<float> sums(static_cast<std::size_t>(columns), 1.0f);
      std::vector<float> gradient(matrix.size());
      kernels.pack_left({.rows = rows, .from = starts.data(), .columns = columns, .packed = left.data()});
      kernels.pack_right({.rows = rows,
                          .from = right_rows.data(),
                          .first_panel = first_panel,
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

// Operands and saved numbers as floats.
std::vector<float> unpacked(const std::vector<Bf16>& words, int parts, bool is_saved) {
  std::vector<float> result(words.size() / static_cast<std::size_t>(parts));
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (parts == 1) {
      result[i] = widened(words[i]);
    } else if (is_saved) {
      std::memcpy(&result[i], &words[2 * i], sizeof(float));
    } else {
      result[i] = widened(words[i / 32 * 64 + i % 32]) + widened(words[i / 32 * 64 + i % 32 + 32]);
    }
  }
  return result;
}

// One step forward and the same step backward, on some units of a larger layer, with its inputs or behind
// their product. What is rounded to bf16 may fall to the other side where sums differ in their last bits.
TEST_P(Bf16Kernels, StepAsThePortableOneDoes) {
  for (int trial = 0, count = testing::shape_count(24); trial < count; ++trial) {
    const int rows = between(1, 70), panels = between(1, 7), own = 32 * panels - between(0, 31);
    const int all = 32 * (panels + between(0, 2)), units = 32 * panels;  // of the layer; of this part of it
    const bool starts = trial % 4 == 3, with_inputs = trial % 3 != 0;
    const int inputs = 32 * between(1, 9);
    const std::vector<Bf16> inputs_x = operand(rows, inputs), W = this->panels(4 * units * inputs);
    const std::vector<Bf16> h_before = operand(rows, all), R = this->panels(4 * units * all);
    const std::vector<Bf16> dgates_next = operand(rows, 4 * all), R_back = this->panels(units * 4 * all);
    const std::vector<float> x = floats(2 * panels * rows * 64), bias = floats(4 * units);
    const std::vector<float> c_before = floats(rows * units), dy = floats(rows * units);
    const std::vector<float> dc_after = floats(rows * units);
    const Layout layouts[] = {any_layout(), any_layout(), any_layout()};
    const auto results = [&](const Kernels& kernels, bool are_plain) {
      const auto layout = [&](int i) { return are_plain ? Layout::behind : layouts[i]; };
      const LaidRows x_rows = laid(inputs_x, rows, inputs, layout(0));
      const LaidRows h_before_rows = laid(h_before, rows, all, layout(1));
      const LaidRows dgates_next_rows = laid(dgates_next, rows, 4 * all, layout(2));
      LaidRows gates(P(), rows, 4 * units, layout(0)), saved_c(P(), rows, units, layout(1));
      LaidRows h(P(), rows, units, layout(2));
      std::vector<float> sums = x, c = c_before, dc = dc_after;
      const bool adds_inputs = with_inputs && kernels.adds_inputs_in_steps;
      if (with_inputs && !adds_inputs) {
        kernels.multiply({.rows = rows,
                          .k_tiles = inputs / 32,
                          .a = x_rows.const_rows(),
                          .b = W.data(),
                          .panels = 4 * panels,
                          .c = sums.data(),
                          .c_row = 64,
                          .c_pair = static_cast<std::size_t>(64 * rows),
                          .accumulates = false,
                          .is_weight_gradient = false});
      }
      kernels.forward_step({.rows = rows,
                            .unit_blocks = 2 * panels,
                            .own_units = own,
                            .x = adds_inputs ? x_rows.const_rows() : ConstRows{},
                            .input_weights = W.data(),
                            .input_k_tiles = inputs / 32,
                            .h_previous = starts ? ConstRows{} : h_before_rows.const_rows(),
                            .weights = R.data(),
                            .k_tiles = all / 32,
                            .sums = adds_inputs ? nullptr : sums.data(),
                            .sums_block = static_cast<std::size_t>(64 * rows),
                            .bias = bias.data(),
                            .gates = gates.rows(),
                            .gates_pass_caches = !are_plain && trial % 2 == 0,
                            .c = c.data(),
                            .c_row = static_cast<std::size_t>(units),
                            .saved_c = saved_c.rows(),
                            .h = h.rows()});
      std::vector<std::vector<float>> all_results = {c, unpacked(gates.plain(), P(), true),
                                                     unpacked(saved_c.plain(), P(), true),
                                                     unpacked(h.plain(), P(), false)};
      const LaidRows c_previous = laid(saved_c.plain(), rows, units, layout(2));
      kernels.backward_step({.rows = rows,
                             .panels = panels,
                             .own_units = own,
                             .k_tiles = 4 * all / 32,
                             .dgates_next = starts ? ConstRows{} : dgates_next_rows.const_rows(),
                             .weights = R_back.data(),
                             .dy = dy.data(),
                             .dy_row = static_cast<std::size_t>(units),
                             .gates = gates.rows(),
                             .c = saved_c.const_rows(),
                             .c_previous = starts ? ConstRows{} : c_previous.const_rows(),
                             .dc = dc.data(),
                             .dc_row = static_cast<std::size_t>(units)});
      all_results.push_back(unpacked(gates.plain(), P(), false));
      all_results.push_back(dc);
      return all_results;
    };
    const auto got = results(kernels(), false), expected = results(portable(), true);
    // A product in fp32 has lo * lo in it, which three products leave out.
    const bool is_in_fp32 = variant().name == "avx2" || variant().name.ends_with("avx512");
    const float tolerance = P() == 1 ? 0x1p-6f : is_in_fp32 ? 0x1p-12f : 0x1p-14f;
    // Where a gate or c was rounded to the other side, gradients are off by that times dh, a sum of 4 * all
    // products. Seldom so; but AVX2 has other activations.
    const float dh = P() == 1 ? std::sqrt(4.0f * static_cast<float>(all)) / 3 : 1.0f;
    const char* names[] = {"c", "gates", "saved c", "h", "dgates", "dc"};
    for (std::size_t i = 0; i < got.size(); ++i) {
      const float scale = i < 4 ? 1.0f : dh;
      std::size_t apart = 0;
      for (std::size_t j = 0; j < got[i].size(); ++j) {
        const float limit = tolerance * std::max(1.0f, std::abs(expected[i][j]));
        const float error = std::abs(got[i][j] - expected[i][j]);
        ASSERT_LE(error, tolerance * std::max(scale, std::abs(expected[i][j])))
            << names[i] << " at " << j << ": " << rows << " rows, " << own << " units of " << all;
        if (error > limit) ++apart;
      }
      if (variant().name != "avx2") {
        EXPECT_LE(apart, got[i].size() / 500 + 1)
            << names[i] << ": " << rows << " rows, " << own << " units of " << all;
      }
    }
  }
}

// Gates of one row and one unit block, from their sums; and h of a cell that was at c.
struct Activated {
  std::vector<float> gates, h;  // (4, 16), (16)
};
Activated activated(const Kernels& kernels, int parts, const std::vector<float>& sums,
                    const std::vector<float>& c, int rows) {
  const auto words = [&](int count) { return static_cast<std::size_t>(parts * count); };
  std::vector<float> values = sums, state = c;
  values.resize(static_cast<std::size_t>(2 * 64 * rows));  // a second unit block of zeros
  state.resize(static_cast<std::size_t>(32 * rows));
  const std::vector<float> bias(128);
  const std::vector<Bf16> h_before(words(32 * rows)), R(words(128 * 32));
  std::vector<Bf16> gates(words(128 * rows)), saved_c(words(32 * rows)), h(words(32 * rows));
  kernels.forward_step({.rows = rows,
                        .unit_blocks = 2,
                        .own_units = 32,
                        .x = {},
                        .input_weights = nullptr,
                        .input_k_tiles = 0,
                        .h_previous = {h_before.data(), words(32), words(512), words(32)},
                        .weights = R.data(),
                        .k_tiles = 1,
                        .sums = values.data(),
                        .sums_block = static_cast<std::size_t>(64 * rows),
                        .bias = bias.data(),
                        .gates = {gates.data(), words(128), words(16 * 128), words(32)},
                        .gates_pass_caches = false,
                        .c = state.data(),
                        .c_row = 32,
                        .saved_c = {saved_c.data(), words(32), words(512), words(32)},
                        .h = {h.data(), words(32), words(512), words(32)}});
  return {unpacked(gates, parts, true), unpacked(h, parts, false)};
}

// Both functions over all that matters, against those of the library: to 2^-9, half a unit in the last place
// of what is kept, and 1e-4 beside it; saturated gates are exactly 0 and 1.
TEST_P(Bf16Kernels, ActivateToTheirPrecision) {
  for (int step = 0; step < 400; ++step) {
    const float x = 0.05f * static_cast<float>(step - 200) + 1e-3f;
    const Activated got =
        activated(kernels(), P(), std::vector<float>(64, x), std::vector<float>(32, 0.0f), 1);
    const double logistic = 1 / (1 + std::exp(-static_cast<double>(x))),
                 tanh = std::tanh(static_cast<double>(x));
    const double relative = P() == 1 ? 0x1p-8 : 0, absolute = P() == 1 ? 1e-4 : 5e-7;
    for (int gate = 0; gate < 4; ++gate) {
      const double expected = gate == 2 ? tanh : logistic;
      for (int unit = 0; unit < 16; ++unit) {
        ASSERT_NEAR(got.gates[static_cast<std::size_t>(16 * gate + unit)], expected,
                    relative * std::abs(expected) + absolute)
            << "gate " << gate << " of " << x;
      }
    }
  }
  for (const float x : {20.0f, 100.0f, 3e38f, std::numeric_limits<float>::infinity()}) {
    const Activated high =
        activated(kernels(), P(), std::vector<float>(64, x), std::vector<float>(32, 0.0f), 1);
    const Activated low =
        activated(kernels(), P(), std::vector<float>(64, -x), std::vector<float>(32, 0.0f), 1);
    for (std::size_t i = 0; i < 64; ++i) {
      EXPECT_FLOAT_EQ(high.gates[i], 1.0f) << x;
      EXPECT_NEAR(low.gates[i], i / 16 == 2 ? -1.0f : 0.0f, 3e-8) << x;
    }
  }
}

// One that is not a number leaves other rows, and other units of its row, alone.
TEST_P(Bf16Kernels, KeepWhatIsNotANumberApart) {
  constexpr int kRows = 7, kRow = 3, kUnit = 5;
  for (int gate = 0; gate < 4; ++gate) {
    std::vector<float> sums = floats(64 * kRows);
    sums[static_cast<std::size_t>(64 * kRow + 16 * gate + kUnit)] = std::numeric_limits<float>::quiet_NaN();
    const Activated got = activated(kernels(), P(), sums, floats(32 * kRows), kRows);
    for (int row = 0; row < kRows; ++row) {
      for (int unit = 0; unit < 16; ++unit) {
        const bool is_spoilt = row == kRow && unit == kUnit;
        EXPECT_EQ(std::isnan(got.h[static_cast<std::size_t>(32 * row + unit)]), is_spoilt)
            << row << " " << unit;
        for (int other = 0; other < 4; ++other) {
          const float value = got.gates[static_cast<std::size_t>(128 * row + 16 * other + unit)];
          if (!is_spoilt || other == gate) {
            EXPECT_EQ(std::isnan(value), is_spoilt) << row << " " << unit;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace lstm::kernels::bf16
