#include "lstm/batch.h"

#include <gmock/gmock.h>

#include <stdexcept>
#include <vector>

namespace lstm {
namespace {

// A valid batch of three samples of up to five steps, to be spoilt.
struct Data {
  explicit Data(Loss loss) {
    network.loss = loss;
    if (loss == Loss::ctc) {
      labels = {1, 3, 3, 2};
      loss_lengths = {5, 2, 4};
      label_lengths = {1, 0, 3};
    }
  }
  Network network{.inputs = 2, .units = 4, .layers = 1, .directions = 1, .classes = 4};
  BatchShape shape{3, 5, 3};
  int samples = 3, time_steps = 5;
  RowOrder order = RowOrder::by_sample;
  std::vector<float> x = std::vector<float>(30);
  std::vector<std::int32_t> lengths = {5, 3, 4}, loss_lengths, labels = {0, 3, 2}, label_lengths;

  void check() const {
    validate({.samples = samples,
              .time_steps = time_steps,
              .x = x,
              .lengths = lengths,
              .loss_lengths = loss_lengths,
              .labels = labels,
              .label_lengths = label_lengths,
              .order = order},
             network, shape);
  }
};

template <class Spoil>
void expect_rejected(Loss loss, const char* message, const Spoil& spoil) {
  Data data(loss);
  ASSERT_NO_THROW(data.check());
  spoil(data);
  EXPECT_THAT([&] { data.check(); },
              ::testing::ThrowsMessage<std::invalid_argument>(::testing::HasSubstr(message)));
}

TEST(ValidateBatch, SaysWhichValueOfACrossEntropyBatchIsWrong) {
  const auto expect = [](const char* message, const auto& spoil) {
    expect_rejected(Loss::cross_entropy, message, spoil);
  };
  expect("samples: got 4, expected 1..3", [](Data& data) { data.samples = 4; });
  expect("samples: got 0", [](Data& data) { data.samples = 0; });
  expect("time_steps: got 6, expected 1..5", [](Data& data) { data.time_steps = 6; });
  expect("x: got 29 values, expected 30", [](Data& data) { data.x.pop_back(); });
  expect("lengths: got 2 values, expected 3", [](Data& data) { data.lengths.pop_back(); });
  expect("lengths[1]: got 6, expected 1..5", [](Data& data) { data.lengths[1] = 6; });
  expect("lengths[2]: got 0", [](Data& data) { data.lengths[2] = 0; });
  expect("labels: got 4 values, expected 3", [](Data& data) { data.labels.push_back(0); });
  expect("labels[0]: got 4, expected 0..3", [](Data& data) { data.labels[0] = 4; });
  expect("labels[1]: got -1", [](Data& data) { data.labels[1] = -1; });
}

TEST(ValidateBatch, SaysWhichValueOfACtcBatchIsWrong) {
  const auto expect = [](const char* message, const auto& spoil) {
    expect_rejected(Loss::ctc, message, spoil);
  };
  expect("loss_lengths: got 2 values, expected 3", [](Data& data) { data.loss_lengths.pop_back(); });
  expect("loss_lengths[1]: got 4, expected 1..3", [](Data& data) { data.loss_lengths[1] = 4; });
  expect("loss_lengths[0]: got 0", [](Data& data) { data.loss_lengths[0] = 0; });
  expect("label_lengths: got 0 values, expected 3", [](Data& data) { data.label_lengths.clear(); });
  expect("label_lengths[2]: got 4, expected 0..3", [](Data& data) { data.label_lengths[2] = 4; });
  expect("label_lengths[1]: got -1", [](Data& data) { data.label_lengths[1] = -1; });
  expect("labels: got 3 values, expected 4", [](Data& data) { data.labels.pop_back(); });
  expect("labels[2]: got 0, expected 1..3", [](Data& data) { data.labels[2] = 0; });
  expect("blank", [](Data& data) { data.labels[2] = 0; });
  expect("labels[3]: got 4", [](Data& data) { data.labels[3] = 4; });
}

TEST(ValidateBatch, SaysWhatPackedOrderNeeds) {
  const auto expect = [](const char* message, const auto& spoil) {
    expect_rejected(Loss::cross_entropy, message, [&](Data& data) {
      data.order = RowOrder::packed;
      data.lengths = {5, 4, 3};
      data.x.resize(24);
      ASSERT_NO_THROW(data.check());
      spoil(data);
    });
  };
  expect("x: got 30 values, expected 24 (sum of lengths * inputs)", [](Data& data) { data.x.resize(30); });
  expect("lengths[2]: got 4, expected 1..3 (no longer than the one before, in packed order)", [](Data& data) {
    data.lengths = {5, 3, 4};
  });
}

TEST(ValidateBatch, AcceptsLabelsThatDoNotFitIntoTheirSteps) {
  Data data(Loss::ctc);
  data.loss_lengths[2] = 1;
  EXPECT_NO_THROW(data.check());
}

}  // namespace
}  // namespace lstm
