#include "kernels/softmax/softmax.h"

#include <array>

#include "kernels/softmax/softmax_variants.h"

namespace lstm::kernels {
namespace {

constexpr std::array<Variant<SoftmaxFunction>, 3> kVariants = {{
    {"avx512", Isa::avx512, softmax_avx512},
    {"avx2", Isa::avx2, softmax_avx2},
    {"ref", Isa::portable, softmax_ref},
}};

}  // namespace

std::span<const Variant<SoftmaxFunction>> softmax_variants() {
  return kVariants;
}

}  // namespace lstm::kernels
