// Packing on the emulated device, against the packed batch of the CPU.
#include "lstm/cuda/emulation/emulation.h"
// The emulation first: it defines what kernels are made of.
#include "cuda/kernels/packing_kernels.h"

#include <gtest/gtest.h>

#include "lstm/cuda/packed_example.h"

namespace lstm::cuda {
namespace {

using testing::PackedExample;
using testing::emulation::Order;
using testing::emulation::run;

constexpr unsigned kThreads = 32, kBlocksEach = 2;  // of a step

TEST(PackingKernels, GatherTheStateOfTheStepBefore) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const PackedExample example = PackedExample::random(seed, Loss::cross_entropy);
    const int H = example.network.units, stride = 2 * H, rows = example.packed.rows();
    std::vector<float> y(static_cast<std::size_t>(rows * stride));
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(i + 1);
    for (int direction = 0; direction < 2; ++direction) {
      std::vector<float> got(static_cast<std::size_t>(rows * H), -1.0f);
      run({static_cast<unsigned>(example.packed.steps()), kBlocksEach}, {kThreads}, 0, Order::rising, [&] {
        gather_h_before_kernel<float>(example.rows(), direction, y.data() + direction * H, stride, H,
                                      got.data());
      });
      for (int k = 0; k < example.packed.steps(); ++k) {
        const engines::RecurrentStep step = example.packed.step(direction, k);
        for (int place = 0; place < step.rows; ++place) {
          for (int u = 0; u < H; ++u) {
            const float expected =
                place < step.rows_before
                    ? y[static_cast<std::size_t>((step.row_before + place) * stride + direction * H + u)]
                    : 0.0f;
            EXPECT_EQ(got[static_cast<std::size_t>((step.row + place) * H + u)], expected)
                << "seed " << seed << ", direction " << direction << ", step " << k << ", place " << place;
          }
        }
      }
    }
  }
}

TEST(PackingKernels, MoveTheLastStepsThereAndBack) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const PackedExample example = PackedExample::random(seed, Loss::cross_entropy);
    const int width = 5, rows = example.packed.rows(), N = example.shape.samples;
    std::vector<float> y(static_cast<std::size_t>(rows * width)), last(static_cast<std::size_t>(N * width));
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(i + 1);
    std::vector<float> back(y.size(), -1.0f);
    run({static_cast<unsigned>(N)}, {kThreads}, 0, Order::rising, [&] {
      gather_last_kernel<float>(example.rows(), example.lengths.data(), y.data(), width, last.data());
    });
    run({static_cast<unsigned>(example.packed.steps()), kBlocksEach}, {kThreads}, 0, Order::rising,
        [&] { scatter_last_kernel<float>(example.rows(), last.data(), width, back.data()); });
    int moved = 0;
    for (int place = 0; place < N; ++place) {
      const int row = example.packed.row(example.packed.length(place) - 1) + place;
      for (int j = 0; j < width; ++j) {
        EXPECT_EQ(last[static_cast<std::size_t>(place * width + j)],
                  y[static_cast<std::size_t>(row * width + j)]);
        EXPECT_EQ(back[static_cast<std::size_t>(row * width + j)],
                  y[static_cast<std::size_t>(row * width + j)]);
        ++moved;
      }
    }
    EXPECT_EQ(std::count(back.begin(), back.end(), 0.0f), static_cast<std::ptrdiff_t>(back.size()) - moved)
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace lstm::cuda
