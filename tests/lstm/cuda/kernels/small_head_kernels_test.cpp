// The small head on the emulated device, against plain loops over the packed batch of the CPU.
#include "lstm/cuda/emulation/emulation.h"
// The emulation first: it defines what kernels are made of.
#include "cuda/kernels/loss_kernels.h"
#include "cuda/kernels/small_head_kernels.h"

#include <gtest/gtest.h>

#include "lstm/cuda/packed_example.h"

namespace lstm::cuda {
namespace {

using testing::PackedExample;
using testing::emulation::Order;
using testing::emulation::run;

TEST(SmallHeadKernels, MultiplyTheLastStepsAndComputeTheLoss) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const PackedExample example = PackedExample::random(seed, Loss::cross_entropy);
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-1, 1);
    const int N = example.shape.samples, V = 1 + static_cast<int>(seed % kFewClasses),
              rows = example.packed.rows();
    const int width = 1 + static_cast<int>(seed * 7 % 50), stride = width + 3;
    const auto numbers = [&](int count) {
      std::vector<float> values(static_cast<std::size_t>(count));
      for (float& value : values) value = uniform(random);
      return values;
    };
    const auto at = [](const std::vector<float>& values, int columns, int row, int column) {
      return values[static_cast<std::size_t>(row * columns + column)];
    };
    const std::vector<float> weights = numbers(V * stride), y = numbers(rows * width),
                             d_logits = numbers(N * V);  // of a loss that is not cross-entropy
    std::vector<float> last(static_cast<std::size_t>(N * width)), logits(static_cast<std::size_t>(N * V)),
        d_of_loss(logits.size(), NAN), d_last(last.size(), NAN), d_last_of_loss(d_last);
    std::vector<int> labels;
    for (int place = 0; place < N; ++place) labels.push_back(place % V);
    std::vector<double> losses(static_cast<std::size_t>(N), NAN);
    const CrossEntropy<float> loss{N, V, logits.data(), labels.data(), 0.5f, d_of_loss.data(), losses.data()};
    const SmallHead<float> head{example.rows(), N, V, width, example.lengths.data(), weights.data(), stride};
    run({static_cast<unsigned>(N)}, {64}, 0, Order::rising, [&] {
      small_head_forward_kernel<float>(head, y.data(), last.data(), logits.data(), loss,
                                       d_last_of_loss.data());
    });
    std::vector<float> expected_d(d_of_loss.size());
    std::vector<double> expected_losses(losses.size());
    CrossEntropy<float> alone = loss;
    alone.d_logits = expected_d.data();
    alone.losses = expected_losses.data();
    run({static_cast<unsigned>(N)}, {32}, 0, Order::rising, [&] { cross_entropy_kernel<float>(alone); });
    EXPECT_EQ(d_of_loss, expected_d) << "seed " << seed;
    EXPECT_EQ(losses, expected_losses) << "seed " << seed;
    run({static_cast<unsigned>(N)}, {32}, 0, Order::rising,
        [&] { small_head_backward_kernel<float>(head, d_logits.data(), d_last.data()); });
    std::vector<float> expected_d_last(d_last.size()), expected_d_last_of_loss(d_last.size());
    for (int place = 0; place < N; ++place) {
      const int row = example.packed.row(example.packed.length(place) - 1) + place;
      for (int k = 0; k < V; ++k) {
        float sum = 0;
        for (int j = 0; j < width; ++j) {
          sum += at(y, width, row, j) * at(weights, stride, k, j);
          const auto i = static_cast<std::size_t>(place * width + j);
          expected_d_last[i] += at(d_logits, V, place, k) * at(weights, stride, k, j);
          expected_d_last_of_loss[i] += at(expected_d, V, place, k) * at(weights, stride, k, j);
        }
        EXPECT_NEAR(at(logits, V, place, k), sum, 1e-5f) << "seed " << seed;
      }
      for (int j = 0; j < width; ++j) EXPECT_EQ(at(last, width, place, j), at(y, width, row, j));
    }
    for (std::size_t i = 0; i < d_last.size(); ++i) {
      ASSERT_NEAR(d_last[i], expected_d_last[i], 1e-5f) << "seed " << seed;
      ASSERT_NEAR(d_last_of_loss[i], expected_d_last_of_loss[i], 1e-5f) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace lstm::cuda
