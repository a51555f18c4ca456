// CTC of one sample of 4x320/CTC-long: 59 classes, 100 labels, the mean length.
#include "kernels/ctc/ctc.h"

#include "cpu/memory.h"
#include "variants.h"

namespace lstm::microbench {
namespace {

const bool kRegistered = [] {
  register_variants(kernels::ctc_variants(), "ctc/T750V59S100", [](benchmark::State& state, auto function) {
    constexpr int kSteps = 750, kClasses = 59, kLabels = 100;
    const auto logits = random_floats(std::size_t{kSteps} * kClasses, 3.0f);
    std::vector<std::int32_t> labels(kLabels);
    for (int i = 0; i < kLabels; ++i) labels[static_cast<std::size_t>(i)] = 1 + i * 7 % (kClasses - 1);
    std::vector<float> d_logits(logits.size());
    const cpu::Memory scratch(kernels::ctc_scratch_size(kSteps, kClasses, kLabels) * sizeof(float));
    for (auto _ : state) {
      benchmark::DoNotOptimize(function(
          {kSteps, kClasses, kLabels, logits.data(), kClasses, labels.data(), d_logits.data(), kClasses},
          reinterpret_cast<float*>(scratch.data())));
      benchmark::ClobberMemory();
    }
    set_rate(state, "steps/s", kSteps);
  });
  return true;
}();

}  // namespace
}  // namespace lstm::microbench
