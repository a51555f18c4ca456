#include "cuda/persistent/layout.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <tuple>

#include "cuda/persistent/pack.h"

namespace lstm::cuda::persistent {
namespace {

Geometry geometry(Arithmetic arithmetic, int units, int blocks, int slice = 8) {
  return {.arithmetic = arithmetic,
          .units = units,
          .octets = (units + 7) / 8,
          .blocks = blocks,
          .directions = 1,
          .slice = slice,
          .slices = 1,
          .rows = (slice + 3) / 4 * 4};
}

TEST(PersistentLayout, EveryOctetHasOneOwner) {
  for (int octets = 1; octets < 60; ++octets) {
    for (int blocks = 1; blocks <= octets && blocks < 20; ++blocks) {
      const Geometry g = geometry(Arithmetic::fp32, octets * 8, blocks);
      int next = 0;
      for (int rank = 0; rank < blocks; ++rank) {
        const Span own = octets_of(g, rank);
        EXPECT_EQ(own.first, next);
        EXPECT_GE(own.size(), 1);
        EXPECT_LE(own.size(), g.most_octets());
        for (int octet = own.first; octet < own.last; ++octet) EXPECT_EQ(owner_of(g, octet), rank);
        next = own.last;
      }
      EXPECT_EQ(next, octets);
    }
  }
}

// Every element of R is in the images of all blocks exactly once, the rest is zero.
TEST(PersistentLayout, ImagesHoldEveryWeightOnce) {
  for (const Arithmetic arithmetic :
       {Arithmetic::fp32, Arithmetic::tf32, Arithmetic::bf16, Arithmetic::fp16}) {
    for (const auto& [units, blocks] : {std::pair(8, 1), std::pair(21, 3), std::pair(40, 2)}) {
      const Geometry g = geometry(arithmetic, units, blocks);
      for (const Pass pass : {Pass::forward, Pass::backward}) {
        std::map<std::tuple<int, int, int>, int> seen;
        for (int rank = 0; rank < blocks; ++rank) {
          const int own = octets_of(g, rank).size();
          const ProductShape shape =
              pass == Pass::forward ? forward_product(g, own, 1, 1) : backward_product(g, own, 1);
          for (int rb = 0; rb < shape.row_blocks; ++rb) {
            for (int i = 0; i < shape.chunks * 4 * kLanes * 4 * numbers_per_word(arithmetic); ++i) {
              const int half = i % numbers_per_word(arithmetic), word = i / numbers_per_word(arithmetic);
              const int chunk = word / 512, vector = word / 128 % 4, lane = word / 4 % 32;
              const WeightElement at =
                  pass == Pass::forward ? forward_element(g, rank, rb, chunk, vector, lane, word % 4, half)
                                        : backward_element(g, rank, rb, chunk, vector, lane, word % 4, half);
              if (at.row_unit < units && at.column_unit < units) {
                ++seen[{at.gate, at.row_unit, at.column_unit}];
              }
            }
          }
        }
        EXPECT_EQ(seen.size(), static_cast<std::size_t>(4 * units * units));
        for (const auto& [element, count] : seen) EXPECT_EQ(count, 1);
      }
    }
  }
}

// The items of a product cover all chunks, and what is in registers plus what is stored is all of them.
TEST(PersistentLayout, StoresTheChunksThatNoRegisterHolds) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    const ProductShape shape{.row_blocks = 1 + static_cast<int>(random() % 12),
                             .chunks = 1 + static_cast<int>(random() % 20),
                             .parts = 1,
                             .warps = 1 + static_cast<int>(random() % 16)};
    ProductShape cut = shape;
    cut.parts = 1 + static_cast<int>(random() % static_cast<unsigned>(shape.chunks));
    int stored = 0, chunks = 0;
    for (int item = 0; item < cut.items(); ++item) {
      EXPECT_EQ(cut.stored_before(item, 4), stored);
      const int size = cut.chunks_of(item % cut.parts).size();
      chunks += size;
      stored += size - cut.resident(item, 4);
    }
    EXPECT_EQ(cut.stored_before(cut.items(), 4), stored);
    EXPECT_EQ(chunks, shape.row_blocks * shape.chunks);
  }
}

// A quarter of a warp, 8 lanes of 16 bytes, is what shared memory serves at once: all 32 banks, each once.
std::size_t banks_of_quarter(const std::vector<int>& offsets) {
  std::set<int> banks;
  for (const int offset : offsets) {
    for (int word = 0; word < 4; ++word) banks.insert((offset / 4 + word) % 32);
  }
  return banks.size();
}

TEST(PersistentLayout, QuartersOfAWarpMeetInNoBank) {
  for (const Arithmetic arithmetic : {Arithmetic::fp32, Arithmetic::bf16}) {
    for (const int slice : {2, 4, 8}) {
      const Geometry g = geometry(arithmetic, 100, 2, slice);
      for (int quarter = 0; quarter < 4; ++quarter) {
        std::vector<int> operand, written_sums, read_sums;
        for (int lane = 8 * quarter; lane < 8 * quarter + 8; ++lane) {
          operand.push_back(operand_place(g, 4 * (lane % 4), lane / 4));
          written_sums.push_back(sums_place(g, 1, 1, 2 * (lane % 4), lane / 4));
          read_sums.push_back(sums_place(g, 1, 1, lane / 8, lane % 8));
        }
        EXPECT_EQ(banks_of_quarter(operand), 32u);
        EXPECT_EQ(banks_of_quarter(written_sums), 32u);
        EXPECT_EQ(banks_of_quarter(read_sums), 32u);
      }
      // Parts of dh: a warp reads one word each, 8 units x 4 samples.
      std::set<int> banks;
      for (int thread = 0; thread < 32; ++thread) {
        const Pair pair = pair_at(g, thread);
        banks.insert((backward_inbox_place(g, 1, pair.own_octet, pair.sample / 4, pair.octet_unit) / 4 +
                      pair.sample % 4) %
                     32);
      }
      EXPECT_EQ(banks.size(), 32u);
    }
  }
}

TEST(PersistentLayout, TensorCoresGetRoundedWeights) {
  EXPECT_EQ(rounded_to_tf32(1.0f), 0x3f800000u);
  EXPECT_EQ(rounded_to_tf32(1.0f + 1.0f / 2048), 0x3f802000u);  // half a unit: away from zero
  EXPECT_EQ(rounded_to_tf32(1.0f + 0.9f / 2048), 0x3f800000u);
  EXPECT_EQ(rounded_to_tf32(-1.0f - 1.0f / 2048), 0xbf802000u);
  EXPECT_NE(rounded_to_tf32(std::numeric_limits<float>::quiet_NaN()) & 0x7fffffu, 0u);
}

}  // namespace
}  // namespace lstm::cuda::persistent
