#include "engines/sequence/bf16/tile_split.h"

#include <gtest/gtest.h>

namespace lstm::engines::bf16 {
namespace {

constexpr Network kOneLayer{.inputs = 123, .units = 320, .layers = 1, .directions = 1, .classes = 10};
constexpr Network kFourLayers{.inputs = 123, .units = 320, .layers = 4, .directions = 2, .classes = 10};
constexpr TileCosts kBf16{.parts = 1, .l2_bytes = std::size_t{2} << 20};
constexpr TileCosts kBf16x3{.parts = 2, .l2_bytes = std::size_t{2} << 20};

RecurrenceSplit automatic(const Network& network, const BatchShape& shape, int threads,
                          const TileCosts& costs) {
  return choose_tile_split(network, shape, threads, Split::automatic, costs);
}

// docs/engine-design.md: 34 to 40 cycles a product where each tile of weights serves one, 24 to 28 where K is
// 1280 and it serves two. The first task is half of the samples on all units, the second all of them on half.
TEST(TileSplit, CountsWhatWasMeasured) {
  Network network = kOneLayer;
  const double pointwise = 180.0 * 16 * 10, products = 2 * 40 * 10 * 2;
  EXPECT_NEAR((tile_step_cycles(network, 16, 10, kBf16) - pointwise) / products, 37, 4);
  EXPECT_NEAR((tile_step_cycles(network, 32, 5, kBf16) - pointwise) / products, 22, 4);
}

TEST(TileSplit, SixteenSamplesAThreadWantTheUnitsSplit) {
  for (const TileCosts& costs : {kBf16, kBf16x3}) {
    const RecurrenceSplit split = automatic(kOneLayer, {.samples = 32, .time_steps = 1000}, 2, costs);
    EXPECT_EQ(split.unit_parts, 2) << split.description();
  }
}

TEST(TileSplit, ThirtyTwoSamplesAThreadNeedNoBarrier) {
  EXPECT_EQ(automatic(kOneLayer, {.samples = 64, .time_steps = 100}, 2, kBf16).sample_groups, 2);
}

// R in two parts is 1.6 MB, half of it stays in a 2 MB cache.
TEST(TileSplit, TwoPartsKeepTheirHalfOfRInTheCache) {
  EXPECT_EQ(automatic(kOneLayer, {.samples = 64, .time_steps = 100}, 2, kBf16x3).unit_parts, 2);
}

TEST(TileSplit, TwoThreadsTakeADirectionEach) {
  const RecurrenceSplit split = automatic(kFourLayers, {.samples = 32, .time_steps = 1000}, 2, kBf16);
  EXPECT_EQ(split.directions_at_once, 2);
  EXPECT_EQ(split.threads(), 2);
}

TEST(TileSplit, SmallLayersAreNotWorthABarrier) {
  Network small = kOneLayer;
  small.units = 32;
  EXPECT_EQ(automatic(small, {.samples = 32, .time_steps = 10}, 2, kBf16).unit_parts, 1);
}

TEST(TileSplit, KeepsToWhatIsWanted) {
  const auto wanted = [](Split split) {
    return choose_tile_split(kFourLayers, {.samples = 32, .time_steps = 10}, 4, split, kBf16);
  };
  EXPECT_EQ(wanted(Split::directions).directions_at_once, 2);
  EXPECT_EQ(wanted(Split::units).unit_parts, 4);
  EXPECT_EQ(wanted(Split::samples).sample_groups, 4);
}

}  // namespace
}  // namespace lstm::engines::bf16
