#include "cuda/cudnn/plan_segments.h"

#include <gtest/gtest.h>

#include <vector>

namespace lstm::cuda {
namespace {

const Network kNetwork{.inputs = 3, .units = 2, .layers = 2, .directions = 2, .classes = 5};

std::int64_t inputs_of(int pseudo_layer) {
  return pseudo_layer < 2 ? 3 : 4;
}

// A library that keeps all matrices first, layer by layer, and all biases behind them, each gate apart.
GateLocation apart(int pseudo_layer, int linear_layer) {
  constexpr std::int64_t kH = 2;
  std::int64_t matrix = 0;
  for (int p = 0; p <= pseudo_layer; ++p) {
    for (int l = 0; l < (p == pseudo_layer ? linear_layer : 8); ++l)
      matrix += kH * (l < 4 ? inputs_of(p) : kH) + 1;
  }
  return {matrix, 1000 + (pseudo_layer * 8 + linear_layer) * (kH + 1)};
}

TEST(PlanSegments, TakesEveryGateToItsPlaceAndBack) {
  const ParameterLayout layout(kNetwork);
  const std::vector<Segment> segments = plan_segments(kNetwork, layout, apart);
  std::vector<int> library(2000, -1), back(layout.size(), -1);
  const auto copy = [](const std::vector<Segment>& plan, const std::vector<int>& from, std::vector<int>& to) {
    for (const Segment& s : plan) {
      for (int row = 0; row < s.rows; ++row) {
        for (int column = 0; column < s.columns; ++column) {
          to.at(static_cast<std::size_t>(s.to + row * s.to_stride + column)) =
              from.at(static_cast<std::size_t>(s.from + row * s.from_stride + column));
        }
      }
    }
  };
  std::vector<int> parameters(layout.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i] = static_cast<int>(i);
  copy(segments, parameters, library);
  // Gate g (2) of R of layer 1, reverse: pseudo-layer 3, linear layer 4 + 2.
  const auto R = static_cast<int>(layout.R(1, 1).offset);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(library[static_cast<std::size_t>(apart(3, 6).matrix + i)], R + 2 * 4 + i);
  const auto b_R = static_cast<int>(layout.b_R(1, 1).offset);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(library[static_cast<std::size_t>(apart(3, 6).bias + i)], b_R + 2 * 2 + i);
  copy(reversed(segments), library, back);
  for (std::size_t i = 0; i < layout.head().offset; ++i) ASSERT_EQ(back[i], parameters[i]) << i;
  EXPECT_EQ(back[layout.head().offset], -1);  // the head is none of the library's business
}

TEST(PlanSegments, JoinsGatesThatFollowEachOther) {
  const ParameterLayout layout(kNetwork);
  // In our own order, all is in place.
  const auto in_place = [&](int pseudo_layer, int linear_layer) {
    const int layer = pseudo_layer / 2, direction = pseudo_layer % 2, gate = linear_layer % 4;
    const ParameterTensor& matrix =
        linear_layer < 4 ? layout.W(layer, direction) : layout.R(layer, direction);
    const ParameterTensor& bias =
        linear_layer < 4 ? layout.b_W(layer, direction) : layout.b_R(layer, direction);
    return GateLocation{static_cast<std::int64_t>(matrix.offset) + gate * 2 * matrix.columns,
                        static_cast<std::int64_t>(bias.offset) + gate * 2};
  };
  // W, R (of other widths) and both biases, for each layer and direction.
  EXPECT_EQ(plan_segments(kNetwork, layout, in_place).size(), 4u * 3u);
}

}  // namespace
}  // namespace lstm::cuda
