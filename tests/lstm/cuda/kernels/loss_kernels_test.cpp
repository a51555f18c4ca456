// Cross-entropy on the emulated device.
#include "lstm/cuda/emulation/emulation.h"
// The emulation first: it defines what kernels are made of.
#include "cuda/kernels/loss_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace lstm::cuda {
namespace {

using testing::emulation::Order;
using testing::emulation::run;

TEST(LossKernels, GiveCrossEntropyAndItsGradient) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-9, 9);
  for (const int rows : {1, 7, 64, 300}) {
    for (const int classes : {1, 10, 40}) {
      std::vector<float> logits(static_cast<std::size_t>(rows * classes)), d(logits.size(), NAN);
      std::vector<int> labels;
      for (float& z : logits) z = uniform(random);
      for (int row = 0; row < rows; ++row)
        labels.push_back(static_cast<int>(random() % static_cast<unsigned>(classes)));
      std::vector<double> losses(static_cast<std::size_t>(rows), NAN);
      const CrossEntropy<float> problem{rows, classes,  logits.data(), labels.data(),
                                        0.5f, d.data(), losses.data()};
      run({static_cast<unsigned>(rows + 7) / 8}, {256}, 0, Order::falling,
          [&] { cross_entropy_kernel<float>(problem); });
      for (int row = 0; row < rows; ++row) {
        const auto first = static_cast<std::size_t>(row * classes);
        const int label = labels[static_cast<std::size_t>(row)];
        double all = 0;
        for (std::size_t k = 0; k < static_cast<std::size_t>(classes); ++k)
          all += std::exp(static_cast<double>(logits[first + k]));
        const auto share = [&](int k) {
          return std::exp(static_cast<double>(logits[first + static_cast<std::size_t>(k)])) / all;
        };
        for (int k = 0; k < classes; ++k) {
          EXPECT_NEAR(d[first + static_cast<std::size_t>(k)], 0.5 * (share(k) - (k == label ? 1 : 0)), 1e-6);
        }
        EXPECT_NEAR(losses[static_cast<std::size_t>(row)], -std::log(share(label)), 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace lstm::cuda
