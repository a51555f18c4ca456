#include "kernels/adam/adam.h"

#include <array>
#include <cmath>

#include "kernels/adam/adam_variants.h"

namespace lstm::kernels {
namespace {

constexpr std::array<Variant<AdamFunction>, 3> kVariants = {{
    {"avx512", Isa::avx512, adam_avx512},
    {"avx2", Isa::avx2, adam_avx2},
    {"ref", Isa::portable, adam_ref},
}};

}  // namespace

std::span<const Variant<AdamFunction>> adam_variants() {
  return kVariants;
}

AdamFactors adam_factors(const AdamOptions& options, std::int64_t step) {
  const double beta1 = options.beta1, beta2 = options.beta2, steps = static_cast<double>(step);
  const double correction1 = 1.0 - std::pow(beta1, steps), correction2 = 1.0 - std::pow(beta2, steps);
  return {static_cast<float>(1.0 - beta1),
          static_cast<float>(beta2),
          static_cast<float>(1.0 - beta2),
          static_cast<float>(1.0 / std::sqrt(correction2)),
          static_cast<float>(options.epsilon),
          static_cast<float>(options.learning_rate / correction1),
          static_cast<float>(1.0 - options.learning_rate * options.weight_decay)};
}

}  // namespace lstm::kernels
