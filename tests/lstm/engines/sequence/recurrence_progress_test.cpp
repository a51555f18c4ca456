#include "engines/sequence/recurrence_progress.h"

#include <gtest/gtest.h>

namespace {

using lstm::engines::RecurrenceProgress;
using lstm::engines::RecurrenceSplit;

constexpr int kSteps = 5;

void advance(RecurrenceProgress& progress, int thread, int steps) {
  for (int i = 0; i < steps; ++i) progress.advance(thread);
}

TEST(RecurrenceProgress, IsThatOfTheSlowestThreadOfADirection) {
  const RecurrenceSplit split{.directions_at_once = 2, .sample_groups = 2};
  RecurrenceProgress progress(4);
  advance(progress, 0, 3);
  advance(progress, 1, 2);
  advance(progress, 2, 5);
  advance(progress, 3, 5);
  EXPECT_TRUE(progress.has(split, 2, kSteps, 0, 2));
  EXPECT_FALSE(progress.has(split, 2, kSteps, 0, 3));
  EXPECT_TRUE(progress.has(split, 2, kSteps, 1, 5));
  EXPECT_FALSE(progress.has_all(split, 2, kSteps));
  advance(progress, 0, 2);
  advance(progress, 1, 3);
  EXPECT_TRUE(progress.has_all(split, 2, kSteps));
  progress.reset();
  EXPECT_FALSE(progress.has(split, 2, kSteps, 1, 1));
}

TEST(RecurrenceProgress, CountsOneDirectionAfterTheOther) {
  const RecurrenceSplit split{.unit_parts = 2};
  RecurrenceProgress progress(3);  // the third has no part
  advance(progress, 0, 7);
  advance(progress, 1, 6);
  EXPECT_TRUE(progress.has(split, 2, kSteps, 0, 5));
  EXPECT_TRUE(progress.has(split, 2, kSteps, 1, 1));
  EXPECT_FALSE(progress.has(split, 2, kSteps, 1, 2));
  EXPECT_FALSE(progress.has_all(split, 2, kSteps));
}

}  // namespace
