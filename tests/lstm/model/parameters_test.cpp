#include "lstm/parameters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

namespace lstm {
namespace {

TEST(ParameterLayout, CountsTheParametersOfTheWorkloads) {
  Network network{.inputs = 123, .units = 320, .layers = 1, .directions = 1, .classes = 10};
  EXPECT_EQ(ParameterLayout(network).size(), 572'800u);
  network.layers = 4;
  network.directions = 2;
  EXPECT_EQ(ParameterLayout(network).size(), 8'533'760u);
  network.classes = 59;
  EXPECT_EQ(ParameterLayout(network).size(), 8'565'120u);
}

TEST(ParameterLayout, OrdersLayersDirectionsAndTensorsWithoutGaps) {
  const Network network{.inputs = 3, .units = 2, .layers = 2, .directions = 2, .classes = 5};
  const ParameterLayout layout(network);
  const std::vector<std::string> names = {"layer0.forward.W",
                                          "layer0.forward.R",
                                          "layer0.forward.b_W",
                                          "layer0.forward.b_R",
                                          "layer0.reverse.W",
                                          "layer0.reverse.R",
                                          "layer0.reverse.b_W",
                                          "layer0.reverse.b_R",
                                          "layer1.forward.W",
                                          "layer1.forward.R",
                                          "layer1.forward.b_W",
                                          "layer1.forward.b_R",
                                          "layer1.reverse.W",
                                          "layer1.reverse.R",
                                          "layer1.reverse.b_W",
                                          "layer1.reverse.b_R",
                                          "head"};
  ASSERT_EQ(layout.tensors().size(), names.size());
  std::size_t offset = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(layout.tensors()[i].name, names[i]);
    EXPECT_EQ(layout.tensors()[i].offset, offset) << names[i];
    offset += layout.tensors()[i].size();
  }
  EXPECT_EQ(layout.size(), offset);
  EXPECT_EQ(layout.W(1, 0).name, "layer1.forward.W");
  EXPECT_EQ(layout.W(1, 0).columns, 4);
  EXPECT_EQ(layout.W(0, 1).columns, 3);
  EXPECT_EQ(layout.R(0, 1).name, "layer0.reverse.R");
  EXPECT_EQ(layout.b_W(1, 1).name, "layer1.reverse.b_W");
  EXPECT_EQ(layout.b_R(1, 1).name, "layer1.reverse.b_R");
  EXPECT_EQ(layout.head().rows, 5);
  EXPECT_EQ(layout.head().columns, 4);
}

TEST(Initialise, IsUniformWithinOneOverTheRootOfTheUnits) {
  const Network network{.inputs = 20, .units = 25, .layers = 2, .directions = 2, .classes = 9};
  std::vector<float> parameters(ParameterLayout(network).size()), again(parameters.size());
  initialise(network, 3, parameters);
  initialise(network, 3, again);
  EXPECT_EQ(parameters, again);
  initialise(network, 4, again);
  EXPECT_NE(parameters, again);
  const auto [least, most] = std::minmax_element(parameters.begin(), parameters.end());
  EXPECT_GE(*least, -0.2f);
  EXPECT_LE(*most, 0.2f);
  EXPECT_LT(*least, -0.19f);
  EXPECT_GT(*most, 0.19f);
  double sum = 0;
  for (const float parameter : parameters) sum += parameter;
  EXPECT_LT(std::abs(sum / static_cast<double>(parameters.size())), 0.005);
  EXPECT_GT(std::set<float>(parameters.begin(), parameters.end()).size(), parameters.size() * 9 / 10);
}

TEST(Initialise, RejectsABufferOfAnotherSize) {
  const Network network{.inputs = 2, .units = 2, .layers = 1, .directions = 1, .classes = 2};
  std::vector<float> parameters(3);
  EXPECT_THROW(initialise(network, 1, parameters), std::invalid_argument);
}

}  // namespace
}  // namespace lstm
