#include "model/adam.h"

#include <gtest/gtest.h>

#include <vector>

namespace lstm::model {
namespace {

// torch.optim.Adam, float64, two parameters of 1 and -2 with gradients (0.5, -3), (0.25, 0), (-1, 1e-6):
//   p = torch.tensor([1., -2.], dtype=torch.float64); o = torch.optim.Adam([p], lr=0.1); p.grad = ...;
//   o.step()
TEST(Adam, IsThatOfTorch) {
  std::vector<double> p = {1, -2}, m(2), v(2);
  const std::vector<std::vector<double>> gradients = {{0.5, -3}, {0.25, 0}, {-1, 1e-6}};
  const std::vector<std::vector<double>> expected = {{0.90000000199999997, -1.9000000003333333},
                                                     {0.80678204047746238, -1.8329941752356269},
                                                     {0.82741774288541148, -1.7811984996013954}};
  for (std::size_t step = 0; step < gradients.size(); ++step) {
    adam_step<double>({.learning_rate = 0.1}, static_cast<std::int64_t>(step) + 1, p, gradients[step], m, v);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(p[i], expected[step][i], 1e-14) << "step " << step << ", parameter " << i;
    }
  }
}

}  // namespace
}  // namespace lstm::model
