#include "engines/training/packed_batch.h"

#include <gtest/gtest.h>

#include <vector>

namespace lstm::engines {
namespace {

// Lengths 2, 4, 1, 4 of at most 5 steps; x of sample n at step t is 10 n + t.
struct Data {
  Network network{.inputs = 1, .units = 1, .layers = 1, .directions = 2, .classes = 4, .loss = Loss::ctc};
  std::vector<float> x;
  std::vector<std::int32_t> lengths = {2, 4, 1, 4}, loss_lengths = {2, 3, 1, 4}, labels = {1, 2, 3, 1};
  std::vector<std::int32_t> label_lengths = {2, 0, 1, 1};

  Data() {
    for (int n = 0; n < 4; ++n) {
      for (int t = 0; t < 5; ++t) x.push_back(static_cast<float>(10 * n + t));
    }
  }
  PackedBatch packed() const {
    PackedBatch batch(network, {6, 7, 3});
    batch.load({4, 5, x, lengths, loss_lengths, labels, label_lengths});
    return batch;
  }
};

TEST(PackedBatch, SortsByLengthThenByLossLength) {
  const Data data;
  const PackedBatch batch = data.packed();
  const std::vector<int> expected = {3, 1, 0, 2};
  for (int place = 0; place < 4; ++place) EXPECT_EQ(batch.sample(place), expected[place]) << place;
  EXPECT_EQ(batch.length(0), 4);
  EXPECT_EQ(batch.loss_length(0), 4);
  EXPECT_EQ(batch.loss_length(1), 3);
  EXPECT_EQ(batch.labels(0).size(), 1u);
  EXPECT_EQ(batch.labels(0)[0], 1);
  EXPECT_EQ(batch.labels(1).size(), 0u);
  EXPECT_EQ(batch.labels(2)[1], 2);
  EXPECT_EQ(batch.labels(3)[0], 3);
}

TEST(PackedBatch, HasRowsForValidStepsOnly) {
  const Data data;
  const PackedBatch batch = data.packed();
  EXPECT_EQ(batch.steps(), 4);
  EXPECT_EQ(batch.rows(), 11);
  EXPECT_EQ(batch.most_rows(), 42);
  const std::vector<int> active = {4, 3, 2, 2, 0}, rows = {0, 4, 7, 9, 11};
  for (int t = 0; t <= 4; ++t) {
    EXPECT_EQ(batch.active(t), active[t]) << t;
    EXPECT_EQ(batch.row(t), rows[t]) << t;
  }
  cpu::ThreadTeam team(2);
  std::vector<float> packed(11);
  batch.pack_x(team, packed.data());
  EXPECT_EQ(packed, (std::vector<float>{30, 10, 0, 20, 31, 11, 1, 32, 12, 33, 13}));
}

void expect_step(const RecurrentStep& step, int row, int rows, int row_before, int rows_before) {
  EXPECT_EQ(step.row, row);
  EXPECT_EQ(step.rows, rows);
  EXPECT_EQ(step.rows_before, rows_before);
  if (rows_before > 0) {
    EXPECT_EQ(step.row_before, row_before);
  }
}

TEST(PackedBatch, LetsSamplesEndForwardAndBeginInReverse) {
  const Data data;
  const PackedBatch batch = data.packed();
  expect_step(batch.step(0, 0), 0, 4, 0, 0);
  expect_step(batch.step(0, 1), 4, 3, 0, 3);
  expect_step(batch.step(0, 2), 7, 2, 4, 2);
  expect_step(batch.step(0, 3), 9, 2, 7, 2);
  expect_step(batch.step(1, 0), 9, 2, 0, 0);
  expect_step(batch.step(1, 1), 7, 2, 9, 2);
  expect_step(batch.step(1, 2), 4, 3, 7, 2);
  expect_step(batch.step(1, 3), 0, 4, 4, 3);
}

}  // namespace
}  // namespace lstm::engines
