// The operands of the first products on the emulated device: x against the packed batch of the CPU,
// parameters against plain loops.
#include "lstm/cuda/emulation/emulation.h"
// The emulation first: it defines what kernels are made of.
#include "cuda/kernels/operand_kernels.h"

#include <gtest/gtest.h>

#include "lstm/cuda/packed_example.h"

namespace lstm::cuda {
namespace {

using testing::PackedExample;
using testing::emulation::Order;
using testing::emulation::run;

TEST(OperandKernels, FindRowsInAnyOrder) {
  // Three samples of 3, 2 and 1 steps.
  const std::vector<int> row_starts = {0, 3, 5, 6};
  const PackedRows rows{3, row_starts.data()};
  const LoadedRows by_sample{.sample_distance = 4, .step_distance = 1},
      by_step{.sample_distance = 1, .step_distance = 3},
      packed{.sample_distance = 1, .step_distance = LoadedRows::kPacked};
  EXPECT_EQ(by_sample.row(rows, 2, 1), 9);
  EXPECT_EQ(by_step.row(rows, 2, 1), 5);
  EXPECT_EQ(packed.row(rows, 1, 1), 4);
  EXPECT_EQ(packed.row(rows, 0, 2), 5);
}

TEST(OperandKernels, PackWhatTheCpuPacksAndCopyParameters) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const PackedExample example = PackedExample::random(seed, Loss::cross_entropy);
    const int C = example.network.inputs, stride = C + 3, rows = example.packed.rows();
    std::vector<float> got(static_cast<std::size_t>(rows * stride), -1.0f),
        expected(static_cast<std::size_t>(rows * C));
    const std::vector<Segment> segments = {
        {.from = 5, .to = 2, .rows = 7, .columns = C, .from_stride = C, .to_stride = stride},
        {.from = 1, .to = 500, .rows = 3, .columns = 11, .from_stride = 12, .to_stride = 11}};
    std::vector<float> parameters(1000), copies(1000, -1.0f), expected_copies(copies);
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i] = static_cast<float>(i);
    const int count = static_cast<int>(seed % 3);  // segments
    for (int s = 0; s < count; ++s) {
      const Segment& segment = segments[static_cast<std::size_t>(s)];
      for (int row = 0; row < segment.rows; ++row) {
        for (int j = 0; j < segment.columns; ++j) {
          expected_copies[static_cast<std::size_t>(segment.to + row * segment.to_stride + j)] =
              0.5f * parameters[static_cast<std::size_t>(segment.from + row * segment.from_stride + j)];
        }
      }
    }
    const PackX<float> x{.rows = example.rows(),
                         .loaded = {.sample_distance = example.shape.time_steps, .step_distance = 1},
                         .order = example.order.data(),
                         .x = example.x.data(),
                         .inputs = C,
                         .stride = stride,
                         .packed = got.data()};
    const SegmentCopies<float, float> segment_copies{.segments = segments.data(),
                                                     .count = count,
                                                     .largest = largest_of(segments),
                                                     .from = parameters.data(),
                                                     .to = copies.data(),
                                                     .scale = 0.5f};
    constexpr unsigned kBlocksAStep = 2, kBlocksASegment = 3;
    run({static_cast<unsigned>(example.packed.steps()) * kBlocksAStep +
         static_cast<unsigned>(count) * kBlocksASegment},
        {32}, 0, Order::rising,
        [&] { make_operands_kernel<float>(x, kBlocksAStep, segment_copies, kBlocksASegment); });
    EXPECT_EQ(copies, expected_copies) << "seed " << seed;
    cpu::ThreadTeam team(1);
    example.packed.pack_x(team, expected.data());
    for (int row = 0; row < rows; ++row) {
      for (int j = 0; j < stride; ++j) {
        EXPECT_EQ(got[static_cast<std::size_t>(row * stride + j)],
                  j < C ? expected[static_cast<std::size_t>(row * C + j)] : 0.0f)
            << "seed " << seed << ", row " << row << ", column " << j;
      }
    }
  }
}

}  // namespace
}  // namespace lstm::cuda
