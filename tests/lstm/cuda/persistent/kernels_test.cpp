// The kernels' own source (forward.h, backward.h, product.h) on emulated blocks, against the float64
// reference. The emulation also throws for every access that no barrier orders.
#include <gtest/gtest.h>

#include <random>

#include "cuda/persistent/plan.h"
#include "lstm/cuda/persistent/recurrence_problem.h"
#include "lstm/engines/random_problem.h"

namespace lstm::cuda::persistent::emulation {
namespace {

constexpr Arithmetic kAll[] = {Arithmetic::fp32, Arithmetic::tf32, Arithmetic::bf16, Arithmetic::fp16};

double tolerance(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::fp32:
      return 3e-6;
    case Arithmetic::tf32:
    case Arithmetic::fp16:
      return 5e-3;
    case Arithmetic::bf16:
      break;
  }
  return 4e-2;
}

void expect_agrees(const Launch& launch, int most_steps) {
  SCOPED_TRACE(launch.text());
  try {
    RecurrenceProblem problem(launch, most_steps);
    EXPECT_LE(problem.forward_error(), tolerance(launch.arithmetic)) << "forward";
    EXPECT_LE(problem.backward_error(), tolerance(launch.arithmetic)) << "backward";
  } catch (const std::exception& problem) {
    FAIL() << problem.what();
  }
}

TEST(PersistentKernels, RunOneSampleOfOneStep) {
  for (const Arithmetic arithmetic : kAll) {
    expect_agrees({.arithmetic = arithmetic, .units = 9, .samples = 1}, 1);
  }
}

// Samples of several slices that end at different steps, in both directions.
Launch two_directions(Arithmetic arithmetic, bool is_cluster) {
  return {.arithmetic = arithmetic,
          .units = 21,
          .directions = 2,
          .samples = 7,
          .blocks = 3,
          .slice = 5,
          .is_cluster = is_cluster};
}

TEST(PersistentKernels, RunTwoDirectionsOfDifferentLengths) {
  for (const Arithmetic arithmetic : kAll) {
    for (const bool is_cluster : {true, false}) expect_agrees(two_directions(arithmetic, is_cluster), 6);
  }
}

TEST(PersistentKernels, TakeTheGradientOfLastSteps) {
  for (const Arithmetic arithmetic : kAll) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      Launch launch = two_directions(arithmetic, seed != 4);
      launch.is_dy_last = true;
      launch.seed = seed;
      expect_agrees(launch, 6);
    }
  }
}

// More chunks an item than registers hold, and more items than warps.
TEST(PersistentKernels, ReadWeightsFromRegistersAndSharedMemory) {
  for (const Arithmetic arithmetic : kAll) {
    for (const int most_warps : {kMostWarps, kFewWarps}) {
      expect_agrees({.arithmetic = arithmetic,
                     .units = 130,
                     .samples = 2,
                     .blocks = 3,
                     .slice = 2,
                     .warps = 6,
                     .most_warps = most_warps},
                    3);
    }
    expect_agrees({.arithmetic = arithmetic,
                   .units = 130,
                   .samples = 2,
                   .blocks = 5,
                   .slice = 2,
                   .parts = 2,
                   .warps = 4},
                  3);
  }
}

// Of more blocks than a thread keeps the addresses of, or has registers for the parts of dh of: with octets
// for each, and one more.
TEST(PersistentKernels, RunLargeGroups) {
  for (const Arithmetic arithmetic : kAll) {
    for (const auto& [blocks, units] : {std::pair(9, 72), std::pair(16, 131)}) {
      for (const bool is_cluster : {true, false}) {
        expect_agrees({.arithmetic = arithmetic,
                       .units = units,
                       .samples = 1,
                       .blocks = blocks,
                       .slice = 1,
                       .warps = (units + blocks * kOctet - 1) / (blocks * kOctet),
                       .is_cluster = is_cluster},
                      3);
      }
    }
  }
}

// As a plan cuts it, with a block that owns two octets and others that own one.
TEST(PersistentKernels, RunWhatThePlanCuts) {
  for (const Arithmetic arithmetic : kAll) {
    const DeviceLimits limits{.multiprocessors = 4, .shared_bytes = 227 * 1024, .clusters = {2, 1, 0, 0}};
    const Plan plan = make_plan(arithmetic, 36, 3, 1, limits);
    expect_agrees({.arithmetic = arithmetic,
                   .units = 36,
                   .samples = 3,
                   .blocks = plan.geometry.blocks,
                   .slice = plan.geometry.slice,
                   .parts = plan.parts,
                   .warps = std::max(plan.forward_warps, plan.backward_warps),
                   .most_warps = plan.most_warps},
                  3);
  }
}

TEST(PersistentKernels, AgreeWithTheReferenceOnRandomShapes) {
  for (int seed = 1, last = lstm::testing::shape_count(20); seed <= last && !::testing::Test::HasFailure();
       ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto draw = [&](int least, int most) {
      return std::uniform_int_distribution<int>(least, most)(random);
    };
    Launch launch{.arithmetic = kAll[seed % 4],
                  .units = draw(1, 48),
                  .directions = draw(1, 2),
                  .samples = draw(1, 10),
                  .slice = draw(1, kMostSlice),
                  .is_cluster = draw(0, 3) > 0,
                  .seed = static_cast<std::uint64_t>(seed)};
    const int octets = (launch.units + kOctet - 1) / kOctet;
    launch.blocks = draw(1, std::min(octets, 5));
    const int own = (octets + launch.blocks - 1) / launch.blocks;
    launch.parts = draw(1, std::max(1, (octets + 3) / 4));
    const int least_warps = own * ((launch.slice + 3) / 4 * 4) * kOctet / kLanes;  // a thread for each pair
    launch.warps = draw(least_warps, least_warps + 3);
    if (launch.warps <= kFewWarps && seed % 8 < 4) launch.most_warps = kFewWarps;
    launch.is_dy_last = draw(0, 1) == 0;
    expect_agrees(launch, 6);
  }
}

// A sum's order depends on the plan alone, not on which thread or packet comes first.
TEST(PersistentKernels, GiveTheSameBitsInAnyOrder) {
  const Launch launch{
      .units = 40, .directions = 2, .samples = 6, .blocks = 4, .slice = 6, .parts = 2, .warps = 4};
  RecurrenceProblem problem(launch, 5);
  const double forward = problem.forward_error(), backward = problem.backward_error();
  for (std::uint64_t order = 100; order < 104; ++order) {
    problem.set_order(order);
    EXPECT_EQ(problem.forward_error(), forward);
    EXPECT_EQ(problem.backward_error(), backward);
  }
}

}  // namespace
}  // namespace lstm::cuda::persistent::emulation
