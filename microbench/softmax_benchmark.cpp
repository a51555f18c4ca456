// Softmax and cross-entropy of the workloads' heads: 10 classes, and 59.
#include "kernels/softmax/softmax.h"

#include "variants.h"

namespace lstm::microbench {
namespace {

const bool kRegistered = [] {
  for (const int classes : {10, 59}) {
    register_variants(kernels::softmax_variants(), "softmax/rows64classes" + std::to_string(classes),
                      [classes](benchmark::State& state, auto function) {
                        constexpr int kRows = 64;
                        const auto size = static_cast<std::size_t>(kRows * classes);
                        const auto logits = random_floats(size, 3.0f);
                        const std::vector<std::int32_t> labels(kRows, 1);
                        std::vector<float> losses(kRows), d_logits(size);
                        for (auto _ : state) {
                          function({kRows, classes, logits.data(), classes, labels.data(), 1.0f / kRows,
                                    losses.data(), d_logits.data(), classes});
                          benchmark::ClobberMemory();
                        }
                        set_rate(state, "logits/s", static_cast<double>(size));
                      });
  }
  return true;
}();

}  // namespace
}  // namespace lstm::microbench
