#include "cuda/persistent/plan.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace lstm::cuda::persistent {
namespace {

constexpr Arithmetic kAll[] = {Arithmetic::fp32, Arithmetic::tf32, Arithmetic::bf16, Arithmetic::fp16};

// Of an H200 (SXM): 132 multiprocessors, in GPCs of 16 or 18 that do not all have whole clusters to give.
DeviceLimits hopper_limits() {
  return {.multiprocessors = 132, .shared_bytes = 227 * 1024, .clusters = {66, 30, 15, 7}};
}
// Of one whose GPCs all have.
DeviceLimits whole_hopper_limits() {
  return {.multiprocessors = 132, .shared_bytes = 227 * 1024, .clusters = {66, 32, 16, 8}};
}
DeviceLimits ampere_limits() {
  return {.multiprocessors = 108, .shared_bytes = 163 * 1024};
}

void expect_fits(const Plan& plan, int samples, const DeviceLimits& limits, const std::string& what) {
  SCOPED_TRACE(what + ": " + plan.text());
  const Geometry& g = plan.geometry;
  EXPECT_LE(plan.forward_shared_bytes, limits.shared_bytes);
  EXPECT_LE(plan.backward_shared_bytes, limits.shared_bytes);
  EXPECT_GE(g.slices * g.slice, samples);
  EXPECT_LT((g.slices - 1) * g.slice, samples);
  EXPECT_LE(g.slice, kMostSlice);
  EXPECT_LE(plan.groups_at_once * g.blocks, limits.multiprocessors);
  EXPECT_LE(plan.forward_warps, kMostWarps);
  EXPECT_LE(plan.backward_warps, kMostWarps);
  // One thread for each unit and sample of a block.
  const int pairs = pairs_of(g, g.most_octets());
  EXPECT_LE(pairs, kLanes * plan.forward_warps);
  EXPECT_LE(pairs, kLanes * plan.backward_warps);
  for (int rank = 0; rank < g.blocks; ++rank) EXPECT_GE(octets_of(g, rank).size(), 1);
}

TEST(PersistentPlan, CutsTheWorkloadsOverClusters) {
  for (const DeviceLimits& limits : {hopper_limits(), whole_hopper_limits()}) {
    for (const Arithmetic arithmetic : kAll) {
      for (const auto& [samples, directions] : {std::pair(64, 1), std::pair(32, 1), std::pair(32, 2)}) {
        const Plan plan = make_plan(arithmetic, 320, samples, directions, limits);
        expect_fits(plan, samples, limits, "320 units");
        EXPECT_TRUE(plan.is_cluster);
        EXPECT_EQ(plan.turns(), 1) << plan.text();
      }
    }
  }
}

TEST(PersistentPlan, FitsEveryShapeOrSaysWhyNot) {
  int fitting = 0;
  for (const DeviceLimits& limits : {hopper_limits(), whole_hopper_limits(), ampere_limits()}) {
    for (const Arithmetic arithmetic : kAll) {
      for (const int units : {1, 7, 8, 9, 16, 63, 64, 100, 320, 321, 512, 777, 1024, 1500}) {
        for (const int samples : {1, 3, 8, 9, 64, 200}) {
          try {
            expect_fits(make_plan(arithmetic, units, samples, 1 + samples % 2, limits), samples, limits,
                        std::to_string(units) + " units, " + std::to_string(samples) + " samples");
            ++fitting;
          } catch (const std::invalid_argument& problem) {
            EXPECT_GT(units, 700) << problem.what();
          }
        }
      }
    }
  }
  EXPECT_GT(fitting, 500);
}

TEST(PersistentPlan, SpreadsOverMoreThanAClusterWhereRIsTooLarge) {
  // 7.8 MB of weights; 16 x 227 KB are 3.7 MB.
  const Plan large = make_plan(Arithmetic::fp32, 700, 8, 1, hopper_limits());
  EXPECT_FALSE(large.is_cluster);
  EXPECT_GT(large.geometry.blocks, 16);
  EXPECT_GT(large.exchange_bytes(), 0u);
  EXPECT_EQ(make_plan(Arithmetic::bf16, 320, 8, 1, hopper_limits()).exchange_bytes(), 0u);
}

TEST(PersistentPlan, NeedsNoClusters) {
  const Plan plan = make_plan(Arithmetic::bf16, 320, 32, 2, ampere_limits());
  EXPECT_FALSE(plan.is_cluster);
  EXPECT_NE(plan.text().find("groups"), std::string::npos);
}

TEST(PersistentPlan, SaysWhatIsTooLarge) {
  try {
    make_plan(Arithmetic::fp32, 4096, 8, 1, hopper_limits());
    FAIL() << "67 MB of weights fitted into 30 MB";
  } catch (const std::invalid_argument& problem) {
    EXPECT_NE(std::string(problem.what()).find("units: got 4096"), std::string::npos) << problem.what();
    EXPECT_NE(std::string(problem.what()).find("cuda/fused"), std::string::npos) << problem.what();
  }
}

// Slices of 4 samples would take four turns of steps that are hardly shorter.
TEST(PersistentPlan, ComparesAllTurns) {
  const Plan plan = make_plan(Arithmetic::bf16, 320, 256, 1, whole_hopper_limits());
  EXPECT_EQ(plan.geometry.slice, 8) << plan.text();
  EXPECT_EQ(plan.turns(), 2) << plan.text();
}

}  // namespace
}  // namespace lstm::cuda::persistent
