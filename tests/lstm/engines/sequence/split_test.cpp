#include "engines/sequence/split.h"

#include <gtest/gtest.h>

namespace lstm::engines {
namespace {

constexpr Network kOneLayer{.inputs = 123, .units = 320, .layers = 1, .directions = 1, .classes = 10};
constexpr Network kFourLayers{.inputs = 123, .units = 320, .layers = 4, .directions = 2, .classes = 10};
constexpr BatchShape kLong{.samples = 32, .time_steps = 1000};
constexpr SplitCosts kAvx512{.block = 16, .tile_rows = 6, .l2_bytes = std::size_t{2} << 20};

RecurrenceSplit automatic(const Network& network, const BatchShape& shape, int threads) {
  return choose_split(network, shape, threads, Split::automatic, kAvx512);
}

TEST(RecurrenceSplit, OneThreadDoesEverything) {
  EXPECT_EQ(automatic(kOneLayer, kLong, 1).threads(), 1);
  EXPECT_EQ(automatic(kFourLayers, kLong, 1).threads(), 1);
}

TEST(RecurrenceSplit, TwoThreadsTakeADirectionEach) {
  const RecurrenceSplit split = automatic(kFourLayers, kLong, 2);
  EXPECT_EQ(split.directions_at_once, 2);
  EXPECT_EQ(split.threads(), 2);
}

TEST(RecurrenceSplit, OneDirectionIsSplitByUnitsWhereThatKeepsRInTheCache) {
  EXPECT_EQ(automatic(kOneLayer, kLong, 2).unit_parts, 2);
}

TEST(RecurrenceSplit, OneDirectionIsSplitBySamplesWhereABarrierIsTooMuchOfARisk) {
  SplitCosts costs = kAvx512;
  costs.barrier_risk = 1.25;
  EXPECT_EQ(choose_split(kOneLayer, kLong, 2, Split::automatic, costs).sample_groups, 2);
}

TEST(RecurrenceSplit, OneDirectionIsSplitBySamplesWhereRFitsAnyway) {
  Network small = kOneLayer;
  small.units = 64;
  EXPECT_EQ(automatic(small, {.samples = 96, .time_steps = 10}, 2).sample_groups, 2);
}

TEST(RecurrenceSplit, OneSampleLeavesOnlyUnits) {
  const RecurrenceSplit split = automatic(kOneLayer, {.samples = 1, .time_steps = 10}, 4);
  EXPECT_EQ(split.sample_groups, 1);
  EXPECT_GT(split.unit_parts, 1);
}

TEST(RecurrenceSplit, NeverTakesMoreThreadsThanThereAre) {
  for (int threads = 1; threads <= 70; ++threads) {
    EXPECT_LE(automatic(kFourLayers, kLong, threads).threads(), threads);
    EXPECT_LE(automatic(kOneLayer, {.samples = 3, .time_steps = 5}, threads).threads(), threads);
  }
}

TEST(RecurrenceSplit, KeepsToWhatIsWanted) {
  const auto wanted = [](Split split) { return choose_split(kFourLayers, kLong, 4, split, kAvx512); };
  EXPECT_EQ(wanted(Split::directions).threads(), 2);
  EXPECT_EQ(wanted(Split::directions).directions_at_once, 2);
  EXPECT_EQ(wanted(Split::units).unit_parts, 4);
  EXPECT_EQ(wanted(Split::samples).sample_groups, 4);
  EXPECT_EQ(wanted(Split::samples).description(), "1 direction x 4 sample groups x 1 unit part");
}

}  // namespace
}  // namespace lstm::engines
