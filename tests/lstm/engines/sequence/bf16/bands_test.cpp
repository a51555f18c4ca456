#include "engines/sequence/bf16/bands.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "lstm/engines/random_problem.h"

namespace lstm::engines::bf16 {
namespace {

using kernels::bf16::Bf16;
using kernels::bf16::ConstRows;

struct Loaded {
  testing::RandomProblem problem;
  PackedBatch batch;
  Bands bands;

  Loaded(int samples, int steps, bool are_equal, int parts, int groups)
      : problem(Network{.inputs = 1, .units = 1, .classes = 2}, BatchShape{samples, steps}, 5),
        batch(problem.network, problem.shape),
        bands(problem.shape, parts, groups) {
    if (are_equal) std::ranges::fill(problem.lengths, steps);
    batch.load(problem.batch());
    bands.cut(batch);
  }
};

// No two pieces of 32 words share memory, whichever way a row is reached, and all of it is within the memory
// of the rows.
TEST(Bands, GiveEachRowAPlaceOfItsOwn) {
  for (const int samples : {1, 2, 5, 16, 20, 31, 33, 48, 64, 70, 130}) {
    for (const bool are_equal : {true, false}) {
      for (const int parts : {1, 2}) {
        const Loaded loaded(samples, 13, are_equal, parts, 1);
        const PackedBatch& batch = loaded.batch;
        constexpr int kColumns = 96;
        std::vector<Bf16> memory(static_cast<std::size_t>(parts * kColumns * batch.rows()));
        std::set<std::ptrdiff_t> taken;
        for (int t = 0; t < batch.steps(); ++t) {
          for (int place = 0; place < batch.active(t); ++place) {
            for (int column = 0; column < kColumns; column += 32) {
              const ConstRows row =
                  loaded.bands.rows<const Bf16>(memory.data(), kColumns, t, batch.row(t) + place, 1, column);
              const ConstRows step = loaded.bands.rows<const Bf16>(memory.data(), kColumns, t, batch.row(t));
              EXPECT_EQ(row.start, step.at(place) + static_cast<std::size_t>(column / 32) * step.step);
              for (int part = 0; part < parts; ++part) {
                const std::ptrdiff_t at =
                    row.start - memory.data() + part * static_cast<std::ptrdiff_t>(row.step) / parts;
                EXPECT_EQ(at % 32, 0);
                EXPECT_GE(at, 0);
                EXPECT_LE(at + 32, static_cast<std::ptrdiff_t>(memory.size()));
                EXPECT_TRUE(taken.insert(at).second) << samples << " samples, step " << t << ", " << place;
              }
            }
          }
        }
        EXPECT_EQ(taken.size(), memory.size() / 32);
      }
    }
  }
}

// Rows of a run of steps are RowsOf's rows, also those of a group of samples.
TEST(Bands, ReachTheRowsOfARunFromItsFirst) {
  for (const int samples : {1, 3, 20, 32, 33, 64}) {
    for (const bool are_equal : {true, false}) {
      const Loaded loaded(samples, 17, are_equal, 1, 1);
      const PackedBatch& batch = loaded.batch;
      for (int t = 0; t < batch.steps();) {
        const int end = loaded.bands.end_of_run(t);
        ASSERT_GT(end, t);
        const ConstRows run = loaded.bands.rows<const Bf16>(nullptr, 64, t, batch.row(t));
        for (int u = t; u < end; ++u) {
          for (int row = batch.row(u); row < batch.row(u + 1); ++row) {
            EXPECT_EQ(run.at(row - batch.row(t)), loaded.bands.rows<const Bf16>(nullptr, 64, u, row).start);
          }
        }
        const ConstRows every_second = loaded.bands.rows<const Bf16>(nullptr, 64, t, batch.row(t), 2);
        if (!loaded.bands.are_tiles() && batch.active(t) > 2) {
          EXPECT_EQ(every_second.at(1), run.at(2));
        }
        t = end;
      }
    }
  }
}

TEST(Bands, AreTilesWhereEachGroupHasWholeOnes) {
  EXPECT_TRUE(Loaded(32, 5, true, 1, 1).bands.are_tiles());
  EXPECT_TRUE(Loaded(32, 5, true, 1, 2).bands.are_tiles());
  EXPECT_FALSE(Loaded(16, 5, true, 1, 2).bands.are_tiles());
  EXPECT_FALSE(Loaded(33, 5, true, 1, 1).bands.are_tiles());
  EXPECT_FALSE(Loaded(32, 5, false, 1, 1).bands.are_tiles());
}

// A product over all steps should not multiply rows that are not there.
TEST(Bands, FillTiles) {
  for (const int samples : {1, 2, 3, 5, 7, 11, 15, 17, 20, 33, 40}) {
    const Loaded loaded(samples, 200, true, 1, 1);
    int tiles = 0;
    for (int t = 0; t < loaded.batch.steps();) {
      const int end = loaded.bands.end_of_run(t);
      tiles += (loaded.batch.row(end) - loaded.batch.row(t) + 15) / 16;
      t = end;
    }
    EXPECT_LE(16 * tiles, 1.15 * loaded.batch.rows()) << samples << " samples";
  }
}

}  // namespace
}  // namespace lstm::engines::bf16
