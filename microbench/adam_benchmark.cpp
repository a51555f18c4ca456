// Adam over the parameters of 1x320 (in the caches) and 4x320 (in memory).
#include "kernels/adam/adam.h"

#include "variants.h"

namespace lstm::microbench {
namespace {

const bool kRegistered = [] {
  for (const std::size_t count : {572'800u, 8'565'120u}) {
    register_variants(
        kernels::adam_variants(), "adam/" + std::to_string(count),
        [count](benchmark::State& state, auto function) {
          const auto gradients = random_floats(count);
          auto parameters = random_floats(count);
          std::vector<float> first(count), second(count);
          const auto factors = kernels::adam_factors({}, 1);
          for (auto _ : state) {
            function({count, gradients.data(), parameters.data(), first.data(), second.data()}, factors);
            benchmark::ClobberMemory();
          }
          constexpr double kReadsAndWrites = 4 + 3;
          set_rate(state, "B/s", kReadsAndWrites * sizeof(float) * static_cast<double>(count));
        });
  }
  return true;
}();

}  // namespace
}  // namespace lstm::microbench
