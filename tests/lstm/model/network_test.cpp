#include "lstm/network.h"

#include <gmock/gmock.h>

#include <limits>
#include <stdexcept>

namespace lstm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const Network kGood{.inputs = 3, .units = 4, .layers = 1, .directions = 1, .classes = 2};

void expect_rejected(const Network& network, const char* field, const char* got) {
  EXPECT_THAT([&] { validate(network); }, ThrowsMessage<std::invalid_argument>(AllOf(
                                              HasSubstr(field), HasSubstr(got), HasSubstr("expected"))));
}

TEST(ValidateNetwork, AcceptsTheSmallestOne) {
  EXPECT_NO_THROW(validate(Network{.inputs = 1, .units = 1, .layers = 1, .directions = 1, .classes = 1}));
}

TEST(ValidateNetwork, NamesTheFieldAndItsValue) {
  Network network = kGood;
  network.inputs = 0;
  expect_rejected(network, "inputs", "got 0");
  network = kGood;
  network.units = -1;
  expect_rejected(network, "units", "got -1");
  network = kGood;
  network.layers = 0;
  expect_rejected(network, "layers", "got 0");
  network = kGood;
  network.directions = 3;
  expect_rejected(network, "directions", "got 3");
  network = kGood;
  network.classes = 0;
  expect_rejected(network, "classes", "got 0");
}

TEST(ValidateNetwork, WantsALabelBesideTheBlank) {
  Network network = kGood;
  network.classes = 1;
  EXPECT_NO_THROW(validate(network));
  network.loss = Loss::ctc;
  expect_rejected(network, "classes", "got 1");
}

TEST(ValidateNetwork, NeedsNoHeadUnderALossOfTheCallers) {
  Network network = kGood;
  network.classes = 0;
  network.directions = 2;
  network.loss = Loss::custom;
  EXPECT_NO_THROW(validate(network));
  EXPECT_EQ(network.logits(), 2 * network.units);
  network.classes = -1;
  expect_rejected(network, "classes", "got -1");
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc}) {
    network.classes = 0;
    network.loss = loss;
    expect_rejected(network, "classes", "got 0");
  }
}

TEST(ValidateNetwork, NamesSizesThatNoEngineCanHold) {
  Network network = kGood;
  network.units = (1 << 18) + 1;
  expect_rejected(network, "units", "1..262144");
  network = kGood;
  network.inputs = std::numeric_limits<int>::max();
  expect_rejected(network, "inputs", "got 2147483647");
  network = kGood;
  network.layers = 1025;
  expect_rejected(network, "layers", "1..1024");
  network = kGood;
  network.classes = (1 << 20) + 1;
  expect_rejected(network, "classes", "1..1048576");
  network.loss = Loss::ctc;
  expect_rejected(network, "classes", "2..1048576");
  EXPECT_NO_THROW(validate(
      Network{.inputs = 1 << 20, .units = 1 << 18, .layers = 1 << 10, .directions = 2, .classes = 1 << 20}));
}

TEST(ValidateShape, NamesTheFieldAndItsValue) {
  const auto expect = [](const BatchShape& shape, const char* field) {
    EXPECT_THAT([&] { validate(shape); }, ThrowsMessage<std::invalid_argument>(HasSubstr(field)));
  };
  EXPECT_NO_THROW(validate(BatchShape{1, 1, 0}));
  expect({0, 1, 1}, "samples");
  expect({1, 0, 1}, "time_steps");
  expect({1, 1, -1}, "max_labels");
  expect({1, 1, 1, -1}, "total_steps");
  expect({(1 << 20) + 1, 1, 1}, "samples");
  expect({1, std::numeric_limits<int>::max(), 1}, "time_steps");
  expect({1, 1, (1 << 20) + 1}, "max_labels");
  expect({1 << 20, 1 << 11, 1}, "samples * time_steps");
  expect({1 << 20, 1 << 11, 1, 1 << 10}, "samples * time_steps");  // x has that many rows all the same
  EXPECT_NO_THROW(validate(BatchShape{1 << 20, (1 << 11) - 1, 1 << 20}));
}

}  // namespace
}  // namespace lstm
