#include "kernels/sequence/sequence.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "lstm/kernels/sequence/emulated.h"

namespace lstm::kernels {
namespace {

std::vector<Variant<SequenceKernels>> variants() {
  const auto real = sequence_variants();
  std::vector<Variant<SequenceKernels>> all(real.begin(), real.end());
  all.push_back({"emulated_avx512", Isa::portable, sequence_as_avx512()});
  all.push_back({"emulated_avx2", Isa::portable, sequence_as_avx2()});
  return all;
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// One layer's sizes and random operands in the layouts of sequence.h, which are written out here once more.
struct Layer {
  Layer(const SequenceKernels& kernels, int rows_, int inputs_, int units_, std::uint32_t seed)
      : rows(rows_),
        K(inputs_),
        H(units_),
        B(kernels.block),
        U((units_ + B - 1) / B),
        Hp(U * B),
        random(seed) {}

  std::vector<float> floats(std::size_t count, float spread = 0.5f) {
    std::uniform_real_distribution<float> uniform(-spread, spread);
    std::vector<float> values(count);
    for (float& value : values) value = uniform(random);
    return values;
  }
  std::vector<float> floats(int rows_of, int columns, float spread = 0.5f) {
    return floats(static_cast<std::size_t>(rows_of) * static_cast<std::size_t>(columns), spread);
  }
  // A matrix of gates (4H, columns) packed as (U, columns, 4B).
  std::vector<float> packed(const std::vector<float>& matrix, int columns) const {
    std::vector<float> result(static_cast<std::size_t>(U * columns * 4 * B), 0.0f);
    for (int gate = 0; gate < 4; ++gate) {
      for (int unit = 0; unit < H; ++unit) {
        for (int k = 0; k < columns; ++k) {
          result[at((unit / B * columns + k) * 4 * B + gate * B + unit % B)] =
              matrix[at((gate * H + unit) * columns + k)];
        }
      }
    }
    return result;
  }
  // The same matrix back packed: tiles of at most 4B of `padded` columns.
  std::vector<float> back_packed(const std::vector<float>& matrix, int columns, int padded) const {
    std::vector<float> result(static_cast<std::size_t>(4 * Hp * padded), 0.0f);
    for (int gate = 0; gate < 4; ++gate) {
      for (int unit = 0; unit < H; ++unit) {
        for (int k = 0; k < columns; ++k) {
          const int tile = k / (4 * B) * 4 * B, width = std::min(4 * B, padded - tile);
          result[at(tile * 4 * Hp + ((unit / B * 4 + gate) * B + unit % B) * width + k - tile)] =
              matrix[at((gate * H + unit) * columns + k)];
        }
      }
    }
    return result;
  }
  // R back packed: all tiles are 4B wide.
  std::vector<float> back_packed_R(const std::vector<float>& R) const {
    return back_packed(R, H, (U + 3) / 4 * 4 * B);
  }
  // Element of gates (U, rows, 4B).
  std::size_t gate_at(int row, int gate, int unit) const {
    return at((unit / B * rows + row) * 4 * B + gate * B + unit % B);
  }
  std::size_t panel() const { return at(rows * 4 * B); }
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  std::vector<float> random_gates(float spread) {
    std::vector<float> gates(at(U * rows * 4 * B), 0.0f);
    const auto values = floats(rows * 4, H, spread);
    for (int row = 0; row < rows; ++row) {
      for (int gate = 0; gate < 4; ++gate) {
        for (int unit = 0; unit < H; ++unit) {
          gates[gate_at(row, gate, unit)] = values[at((row * 4 + gate) * H + unit)];
        }
      }
    }
    return gates;
  }
  // Rows of units (rows, Hp) with zeros in the padding.
  std::vector<float> random_units(float spread = 0.5f) {
    auto values = floats(rows, Hp, spread);
    for (int row = 0; row < rows; ++row) {
      std::fill(values.begin() + row * Hp + H, values.begin() + (row + 1) * Hp, 0.0f);
    }
    return values;
  }

  int rows, K, H, B, U, Hp;
  std::mt19937 random;
};

void expect_close(double got, double expected, const std::string& what) {
  ASSERT_NEAR(got, expected, 2e-5 * std::max(1.0, std::abs(expected))) << what;
}

class Sequence : public ::testing::TestWithParam<Variant<SequenceKernels>> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam().isa)) GTEST_SKIP() << "skipped: needs " << name(GetParam().isa);
    flush_denormals();
  }
  const SequenceKernels& kernels() const { return GetParam().function; }

  // Sizes of 1, around the widths, and beyond what one group of row tiles and one piece of K hold.
  template <class Body>
  void for_shapes(Body body) const {
    const int B = kernels().block;
    std::uint32_t seed = 0;
    for (const auto& [rows, K, H] : {std::tuple{1, 1, 1},
                                     {2, 3, B - 1},
                                     {kernels().tile_rows + 1, 5, B},
                                     {7, 2 * B + 1, B + 1},
                                     {13, 130, 4 * B + 3},
                                     {64, 123, 5 * B},
                                     {141, 9, 2 * B},
                                     {5, 150, 150}}) {
      Layer layer(kernels(), rows, K, H, ++seed);
      body(layer, fmt::format("{} rows, K {}, H {}, B {}, seed {}", rows, K, H, B, seed));
    }
  }
};

INSTANTIATE_TEST_SUITE_P(, Sequence, ::testing::ValuesIn(variants()),
                         [](const auto& variant) { return std::string(variant.param.name); });

TEST_P(Sequence, Projects) {
  for_shapes([&](Layer& l, const std::string& what) {
    const auto x = l.floats(l.rows, l.K), W = l.floats(4 * l.H, l.K), bias = l.floats(4 * l.H, 1);
    const auto packed = l.packed(W, l.K), packed_bias = l.packed(bias, 1);
    auto gates = l.random_gates(9);
    std::vector<const float*> from;
    std::vector<float*> to;
    for (int row = 0; row < l.rows; ++row) {
      from.push_back(&x[l.at(row * l.K)]);
      to.push_back(&gates[l.gate_at(row, 0, 0)]);
    }
    // The last unit block, then those before it.
    for (const auto& [first_block, blocks] : {std::pair{l.U - 1, 1}, {0, l.U - 1}}) {
      kernels().project({l.rows, first_block, blocks, from.data(), l.K, packed.data(), packed_bias.data(),
                         to.data(), l.panel()});
    }
    for (int row = 0; row < l.rows; ++row) {
      for (int i = 0; i < 4 * l.H; ++i) {
        double sum = bias[l.at(i)];
        for (int k = 0; k < l.K; ++k) sum += double{x[l.at(row * l.K + k)]} * W[l.at(i * l.K + k)];
        expect_close(gates[l.gate_at(row, i / l.H, i % l.H)], sum, what);
      }
    }
  });
}

TEST_P(Sequence, StepsForward) {
  for_shapes([&](Layer& l, const std::string& what) {
    for (const bool continues : {false, true}) {
      const auto R = l.floats(4 * l.H, l.H, 0.3f), packed = l.packed(R, l.H);
      const auto h_before = l.random_units(), c_before = l.random_units(2);
      const auto before = l.random_gates(3);
      auto gates = before, c = l.floats(l.rows, l.Hp), h = l.floats(l.rows, l.Hp);
      const std::size_t row = l.at(l.Hp);
      kernels().forward_step({l.rows, l.U, l.H, l.H, continues ? h_before.data() : nullptr, row,
                              continues ? c_before.data() : nullptr, packed.data(), gates.data(), l.panel(),
                              l.at(4 * l.B), c.data(), h.data(), row, row});
      for (int n = 0; n < l.rows; ++n) {
        for (int u = 0; u < l.Hp; ++u) {
          const std::size_t at = l.at(n * l.Hp + u);
          double expected_c = 0, expected_h = 0;
          if (u < l.H) {
            double a[4];
            for (int gate = 0; gate < 4; ++gate) {
              a[gate] = before[l.gate_at(n, gate, u)];
              for (int k = 0; continues && k < l.H; ++k) {
                a[gate] += double{h_before[l.at(n * l.Hp + k)]} * R[l.at((gate * l.H + u) * l.H + k)];
              }
              a[gate] = gate == 2 ? std::tanh(a[gate]) : sigmoid(a[gate]);
              expect_close(gates[l.gate_at(n, gate, u)], a[gate], what);
            }
            expected_c = a[0] * a[2] + (continues ? a[1] * c_before[at] : 0.0);
            expected_h = a[3] * std::tanh(expected_c);
          }
          expect_close(c[at], expected_c, what);
          expect_close(h[at], expected_h, what);
        }
      }
    }
  });
}

TEST_P(Sequence, StepsBackward) {
  for_shapes([&](Layer& l, const std::string& what) {
    for (const bool has_neighbours : {false, true}) {
      const auto R = l.floats(4 * l.H, l.H, 0.3f), packed = l.back_packed_R(R);
      const auto next = l.random_gates(0.5f), dy = l.random_units(), c = l.random_units(2);
      const auto c_before = l.random_units(2), dc_before = l.random_units();
      const auto activated = l.random_gates(0.9f);
      auto gates = activated, dc = dc_before;
      const std::size_t row = l.at(l.Hp), gate_row = l.at(4 * l.B);
      kernels().backward_step({l.rows,
                               l.U,
                               l.H,
                               l.U,
                               has_neighbours ? next.data() : nullptr,
                               l.panel(),
                               gate_row,
                               packed.data(),
                               0,
                               has_neighbours ? dy.data() : nullptr,
                               row,
                               gates.data(),
                               l.panel(),
                               gate_row,
                               c.data(),
                               has_neighbours ? c_before.data() : nullptr,
                               row,
                               row,
                               dc.data(),
                               row});
      for (int n = 0; n < l.rows; ++n) {
        for (int u = 0; u < l.H; ++u) {
          const std::size_t at = l.at(n * l.Hp + u);
          double dh = 0;
          if (has_neighbours) {
            dh = dy[at];
            for (int i = 0; i < 4 * l.H; ++i) {
              dh += double{next[l.gate_at(n, i / l.H, i % l.H)]} * R[l.at(i * l.H + u)];
            }
          }
          const double i = activated[l.gate_at(n, 0, u)], f = activated[l.gate_at(n, 1, u)];
          const double g = activated[l.gate_at(n, 2, u)], o = activated[l.gate_at(n, 3, u)];
          const double t = std::tanh(double{c[at]}), dcell = dc_before[at] + dh * o * (1 - t * t);
          expect_close(gates[l.gate_at(n, 0, u)], dcell * g * i * (1 - i), what);
          expect_close(gates[l.gate_at(n, 1, u)], has_neighbours ? dcell * c_before[at] * f * (1 - f) : 0.0,
                       what);
          expect_close(gates[l.gate_at(n, 2, u)], dcell * i * (1 - g * g), what);
          expect_close(gates[l.gate_at(n, 3, u)], dh * t * o * (1 - o), what);
          expect_close(dc[at], dcell * f, what);
        }
        for (int u = l.H; u < l.Hp; ++u) {
          ASSERT_EQ(dc[l.at(n * l.Hp + u)], 0.0f) << what;
          for (int gate = 0; gate < 4; ++gate) ASSERT_EQ(gates[l.gate_at(n, gate, u)], 0.0f) << what;
        }
      }
    }
  });
}

// Wherever the unit blocks are cut, also within a tile of four, both parts are what the whole is, bit for
// bit.
TEST_P(Sequence, StepsBackwardInParts) {
  for_shapes([&](Layer& l, const std::string& what) {
    const auto R = l.floats(4 * l.H, l.H, 0.3f), packed = l.back_packed_R(R);
    const auto next = l.random_gates(0.5f), dy = l.random_units(), c = l.random_units(2);
    const auto c_before = l.random_units(2), dc_before = l.random_units(), activated = l.random_gates(0.9f);
    const std::size_t row = l.at(l.Hp), gate_row = l.at(4 * l.B);
    const auto step = [&](int first, int last, std::vector<float>& gates, std::vector<float>& dc) {
      const std::size_t unit = l.at(first * l.B);
      kernels().backward_step({l.rows,
                               last - first,
                               std::min(l.H - first * l.B, (last - first) * l.B),
                               l.U,
                               next.data(),
                               l.panel(),
                               gate_row,
                               &packed[l.at(first / 4 * 4 * l.B * 4 * l.Hp)],
                               first % 4,
                               &dy[unit],
                               row,
                               &gates[l.at(first) * l.panel()],
                               l.panel(),
                               gate_row,
                               &c[unit],
                               &c_before[unit],
                               row,
                               row,
                               &dc[unit],
                               row});
    };
    auto whole_gates = activated, whole_dc = dc_before;
    step(0, l.U, whole_gates, whole_dc);
    for (int cut = 1; cut < l.U; ++cut) {
      auto gates = activated, dc = dc_before;
      step(0, cut, gates, dc);
      step(cut, l.U, gates, dc);
      ASSERT_EQ(gates, whole_gates) << what << ", cut at " << cut;
      ASSERT_EQ(dc, whole_dc) << what << ", cut at " << cut;
    }
  });
}

// [X | H before | 1]^T dgates, with rows that have no H before, written and then added to.
TEST_P(Sequence, ComputesGradientsOfWeights) {
  for_shapes([&](Layer& l, const std::string& what) {
    const auto x = l.floats(l.rows, l.K), h = l.floats(l.rows, l.H), dgates = l.random_gates(0.5f);
    const int m = l.K + l.H + 1, tile = kernels().tile_rows;
    std::vector<const float*> first, second;
    for (int row = 0; row < l.rows; ++row) {
      first.push_back(&x[l.at(row * l.K)]);
      second.push_back(row % 3 == 0 ? nullptr : &h[l.at(row * l.H)]);
    }
    std::vector<float> packed(l.at((m + tile - 1) / tile * tile * l.rows));
    kernels().pack_rows({l.rows, first.data(), l.K, second.data(), l.H, 0, m, packed.data()});
    for (int begin = 0; begin < m; begin += tile) {
      const int end = std::min(m, begin + 2 * tile);
      std::vector<float> part(l.at((end - begin + tile - 1) / tile * tile * l.rows));
      kernels().pack_rows({l.rows, first.data(), l.K, second.data(), l.H, begin, end, part.data()});
      ASSERT_TRUE(std::equal(part.begin(), part.end(), packed.begin() + begin * l.rows)) << what;
    }
    std::vector<float> gradient(l.at(l.U * m * 4 * l.B), 9.0f);
    for (int times = 1; times <= 2; ++times) {
      for (int block = 0; block < l.U; ++block) {
        kernels().weight_gradient({l.rows, m, packed.data(), &dgates[l.at(block) * l.panel()],
                                   &gradient[l.at(block * m * 4 * l.B)], times > 1});
      }
      for (int gate = 0; gate < 4; ++gate) {
        for (int unit = 0; unit < l.H; ++unit) {
          for (int i = 0; i < m; ++i) {
            double sum = 0;
            for (int row = 0; row < l.rows; ++row) {
              double value = 1;
              if (i < l.K)
                value = x[l.at(row * l.K + i)];
              else if (i < l.K + l.H)
                value = row % 3 == 0 ? 0.0 : h[l.at(row * l.H + i - l.K)];
              sum += value * dgates[l.gate_at(row, gate, unit)];
            }
            expect_close(gradient[l.at((unit / l.B * m + i) * 4 * l.B + gate * l.B + unit % l.B)],
                         times * sum, what);
          }
        }
      }
    }
  });
}

TEST_P(Sequence, ComputesGradientsOfInputs) {
  for_shapes([&](Layer& l, const std::string& what) {
    const int padded = (l.K + l.B - 1) / l.B * l.B;
    const auto W = l.floats(4 * l.H, l.K), packed = l.back_packed(W, l.K, padded);
    const auto dgates = l.random_gates(0.5f);
    std::vector<float> dx(l.at(l.rows * padded), 9.0f);
    for (int times = 1; times <= 2; ++times) {
      for (int column = 0; column < padded; column += 4 * l.B) {
        kernels().input_gradient({l.rows, l.U, std::min(4 * l.B, padded - column), dgates.data(), l.panel(),
                                  l.at(4 * l.B), &packed[l.at(column * 4 * l.Hp)], &dx[l.at(column)],
                                  l.at(padded), times > 1});
      }
      for (int row = 0; row < l.rows; ++row) {
        for (int k = 0; k < l.K; ++k) {
          double sum = 0;
          for (int i = 0; i < 4 * l.H; ++i) {
            sum += double{dgates[l.gate_at(row, i / l.H, i % l.H)]} * W[l.at(i * l.K + k)];
          }
          expect_close(dx[l.at(row * padded + k)], times * sum, what);
        }
      }
    }
  });
}

TEST_P(Sequence, PacksGatesAndBack) {
  for_shapes([&](Layer& l, const std::string& what) {
    const auto W = l.floats(4 * l.H, l.K);
    auto matrix = W;
    std::vector<float> packed(l.at(l.U * l.K * 4 * l.B));
    PackGates pack{l.H, l.K, l.at(l.K), 0, l.K, 0, l.U, matrix.data(), packed.data()};
    kernels().pack_gates(pack);
    EXPECT_EQ(packed, l.packed(W, l.K)) << what;
    std::fill(matrix.begin(), matrix.end(), 9.0f);
    kernels().unpack_gates(pack);
    EXPECT_EQ(matrix, W) << what;
  });
}

}  // namespace
}  // namespace lstm::kernels
