#include "model/adam.h"

#include <gtest/gtest.h>

#include <vector>

namespace lstm::model {
namespace {

// torch.optim.Adam, float64, two parameters of 1 and -2 with gradients (0.5, -3), (0.25, 0), (-1, 1e-6):
//   p = torch.tensor([1., -2.], dtype=torch.float64); o = torch.optim.Adam([p], lr=0.1); p.grad = ...;
//   o.step()
void expect_steps(const AdamOptions& options, const std::vector<std::vector<double>>& expected) {
  std::vector<double> p = {1, -2}, m(2), v(2);
  const std::vector<std::vector<double>> gradients = {{0.5, -3}, {0.25, 0}, {-1, 1e-6}};
  for (std::size_t step = 0; step < gradients.size(); ++step) {
    adam_step<double>(options, static_cast<std::int64_t>(step) + 1, p, gradients[step], m, v);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(p[i], expected[step][i], 1e-14) << "step " << step << ", parameter " << i;
    }
  }
}

TEST(Adam, IsThatOfTorch) {
  expect_steps({.learning_rate = 0.1}, {{0.90000000199999997, -1.9000000003333333},
                                        {0.80678204047746238, -1.8329941752356269},
                                        {0.82741774288541148, -1.7811984996013954}});
}

// torch.optim.AdamW([p], lr=0.1, weight_decay=0.25), the same gradients.
TEST(Adam, DecaysWeightsAsAdamWOfTorch) {
  expect_steps({.learning_rate = 0.1, .weight_decay = 0.25}, {{0.87500000199999994, -1.8500000003333332},
                                                              {0.75990704042746238, -1.7367441752272934},
                                                              {0.76154506682472489, -1.6415298952123796}});
}

}  // namespace
}  // namespace lstm::model
